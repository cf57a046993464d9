"""Reads the live streams (text/event-stream) in a test, on a thread of its own."""

import json
import socket
import threading
import time


class EventStream:
    """Connects at once; events are dicts with name, data (parsed), id and the time they came."""

    def __init__(self, port, path="/api/v1/stream", token=None, headers=None, version="1.1"):
        self.events = []
        self.comments = []
        self.ended = threading.Event()
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        head = f"GET {path} HTTP/{version}\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
        for name, value in (headers or {}).items():
            head += f"{name}: {value}\r\n"
        if token:
            head += f"Authorization: Bearer {token}\r\n"
        self.socket.sendall((head + "\r\n").encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = {}
        for line in iter(self.file.readline, b"\r\n"):
            name, _, value = line.decode().partition(":")
            self.headers[name.lower()] = value.strip()
        self.body = b""
        if self.status == 200:
            threading.Thread(target=self._read, daemon=True).start()
        else:
            self.body = self.file.read(int(self.headers["content-length"]))
            self.ended.set()

    def _read(self):
        event = {}
        try:
            for line in self.file:
                line = line.rstrip(b"\r\n").decode()
                if not line:
                    if "data" in event:
                        event["at"] = time.monotonic()
                        self.events.append(event)
                    event = {}
                elif line.startswith(":"):
                    self.comments.append(line[1:].strip())
                else:
                    name, _, value = line.partition(": ")
                    if name == "data":
                        event["data"] = json.loads(value)
                    elif name == "event":
                        event["name"] = value
                    elif name == "retry":
                        self.comments.append("retry " + value)
                    else:
                        event[name] = int(value)
        except (OSError, ValueError):
            pass
        self.ended.set()

    def wait(self, condition, seconds=20):
        """The first event that satisfies it."""
        deadline = time.monotonic() + seconds
        while True:
            for event in list(self.events):
                if condition(event):
                    return event
            if time.monotonic() > deadline or self.ended.is_set():
                raise AssertionError(
                    f"no such event; there were {[(e['name'], e['data']) for e in self.events]}")
            time.sleep(0.01)

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
