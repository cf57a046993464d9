"""A process that waits in the kernel with its memory map locked holds whoever reads its files."""

import os
import subprocess
import sys

import pytest
from chorus_harness import Agent, Aggregator, wait_until
from fuse_file import StuckFile

# It measures what the machine does, so nothing else may keep it busy.
pytestmark = pytest.mark.alone

# Dirties a page of the file and maps other memory over it: the kernel writes the page back under the
# lock of the map, and waits for the server.
HOLDER = """
import ctypes, mmap, os, sys
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
file = os.open(sys.argv[1], os.O_RDWR)
page = libc.mmap(None, 4096, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED, file, 0)
ctypes.memset(page, 1, 1)
MAP_FIXED = 16
libc.mmap(page, 4096, mmap.PROT_READ, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_FIXED, -1, 0)
"""


def state(pid):
    return open(f"/proc/{pid}/stat", encoding="ascii").read().rpartition(")")[2].split()[0]


@pytest.fixture
def stuck(tmp_path):
    if os.geteuid() != 0 or not os.path.exists("/dev/fuse"):
        pytest.skip("needs: root and /dev/fuse")
    mount_point = tmp_path / "mount"
    mount_point.mkdir()
    try:
        file = StuckFile(mount_point)
    except OSError as error:
        pytest.skip(f"needs: a FUSE mount ({error})")
    link = tmp_path / "map-holder"
    os.symlink(sys.executable, link)
    holder = subprocess.Popen([str(link), "-c", HOLDER, file.path])
    try:
        assert file.written_to.wait(20)
        wait_until(lambda: state(holder.pid) == "D", 10, "the process to wait")
        if not reading_hangs(holder.pid):
            pytest.skip("needs: a kernel that writes mapped pages back under the lock of the map")
        yield holder
    finally:
        file.close()
        holder.kill()
        holder.wait()


def reading_hangs(pid):
    reader = subprocess.Popen(["cat", f"/proc/{pid}/cmdline"], stdout=subprocess.DEVNULL)
    try:
        reader.wait(1)
        return False
    except subprocess.TimeoutExpired:
        return True
    finally:
        reader.kill()
        reader.wait()


def test_cycles_go_on_beside_a_stuck_process(stuck):
    with Aggregator() as aggregator, Agent(aggregator, "stuck-03") as agent:
        def rows():
            return aggregator.sql(
                "SELECT status, cmdline, memory_pss_mb FROM monitoring.process_metrics"
                f" WHERE process_id = {stuck.pid} ORDER BY timestamp")

        wait_until(lambda: len(rows()) >= 8, 40, "eight batches")
        # It is told of all the same, without what would have had to be waited for.
        assert {tuple(row) for row in rows()} == {("disk-sleep", "", "")}
        assert len(os.listdir(f"/proc/{agent.process.pid}/task")) <= 8
        gaps = aggregator.sql(
            "SELECT extract(epoch FROM ts - lag(ts) OVER (ORDER BY ts)) AS gap"
            " FROM monitoring.system_batches ORDER BY ts")
        delays = [abs(float(gap) - 1) for (gap,) in gaps if gap]
        worst = max(delays[1:])  # the first interval is cut by the start
        print(f"stuck process: longest delay of a collection {worst * 1000:.0f} ms")
        assert worst < 1
        assert agent.stop(seconds=10) == 0
