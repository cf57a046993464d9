"""A FUSE file system of one file whose server takes what is written and never answers.

Speaks the protocol of /dev/fuse (linux/fuse.h, 7.31) itself: no library would leave a request open.
"""

import ctypes
import os
import struct
import threading

LIBC = ctypes.CDLL(None, use_errno=True)
FORCED_AND_DETACHED = 1 | 2  # MNT_FORCE, MNT_DETACH
SIZE = 4096

LOOKUP, FORGET, GETATTR, OPEN, READ, WRITE, INIT, BATCH_FORGET = 1, 2, 3, 14, 15, 16, 26, 42
ROOT, FILE = 1, 2
DIRECTORY_MODE, FILE_MODE = 0o40755, 0o100666
HEADER = struct.Struct("<IIQQIIIHH")  # length, opcode, unique, node, uid, gid, pid, extension, pad


def attributes(node):
    mode = FILE_MODE if node == FILE else DIRECTORY_MODE
    return struct.pack("<6Q3I7I", node, SIZE, 8, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, SIZE, 0)


class StuckFile:
    """`path` can be read and mapped; writing it back waits until close()."""

    def __init__(self, mount_point):
        self.mount_point = str(mount_point)
        self.path = os.path.join(self.mount_point, "file")
        self.device = os.open("/dev/fuse", os.O_RDWR)
        options = f"fd={self.device},rootmode=40000,user_id=0,group_id=0,allow_other"
        if LIBC.mount(b"stuck", self.mount_point.encode(), b"fuse", 0, options.encode()) != 0:
            error = os.strerror(ctypes.get_errno())
            os.close(self.device)
            raise OSError(error)
        self.written_to = threading.Event()
        self.server = threading.Thread(target=self._serve, daemon=True)
        self.server.start()

    def close(self):
        """Ends all waits."""
        LIBC.umount2(self.mount_point.encode(), FORCED_AND_DETACHED)
        self.server.join(10)
        os.close(self.device)

    def _serve(self):
        while True:
            try:
                request = os.read(self.device, 1 << 20)
            except OSError:  # unmounted
                return
            _, opcode, unique, node, *_ = HEADER.unpack_from(request)
            if opcode == WRITE:
                self.written_to.set()
            elif opcode not in (FORGET, BATCH_FORGET):
                self._answer(opcode, unique, node)

    def _answer(self, opcode, unique, node):
        body, error = b"", 0
        if opcode == INIT:
            body = struct.pack("<4I2H2I2HI7I", 7, 31, 1 << 16, 0, 16, 12, 1 << 16, 1, 0, 0, 0,
                               *[0] * 7)
        elif opcode == LOOKUP:
            body = struct.pack("<4Q2I", FILE, 0, 3600, 3600, 0, 0) + attributes(FILE)
        elif opcode == GETATTR:
            body = struct.pack("<Q2I", 3600, 0, 0) + attributes(node)
        elif opcode == OPEN:
            body = struct.pack("<Q2I", 1, 0, 0)
        elif opcode == READ:
            body = bytes(SIZE)
        else:
            error = -38  # ENOSYS
        os.write(self.device, struct.pack("<IiQ", 16 + len(body), error, unique) + body)
