"""How long an answer takes, and what it costs the processors. Readers are threads of Python on the same
machine, so waits of many readers are also waits for the reader."""

import http.client
import os
import statistics
import threading
import time
from dataclasses import dataclass

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Cost:
    wall_ms: float
    cpu_ms: float


def stat_of(pid):
    """Parent, and CPU seconds: its own, and of children that it has waited for."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    times = [int(field) / TICKS for field in fields[11:15]]
    return int(fields[1]), times[0] + times[1], times[2] + times[3]


def cpu_seconds(*roots):
    """Of processes and all of their children, also of those that have ended."""
    total = 0
    for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):
        try:
            parent, own, waited_for = stat_of(pid)
        except (FileNotFoundError, ProcessLookupError):
            continue
        if pid in roots:
            total += own + waited_for
        elif parent in roots:
            total += own
    return total


class Meter:
    """Asks one thing again and again: `runs` times for `seconds` each, but at least once."""

    def __init__(self, pids, runs, seconds):
        self.pids, self.runs, self.seconds = pids, runs, seconds

    def run(self, ask):
        began, cpu, walls = time.perf_counter(), cpu_seconds(*self.pids), []
        while not walls or time.perf_counter() - began < self.seconds:
            start = time.perf_counter()
            ask()
            walls.append(time.perf_counter() - start)
        used = cpu_seconds(*self.pids) - cpu
        return statistics.median(walls) * 1000, used / len(walls) * 1000

    def measure(self, ask):
        """Medians of the runs, after one that warms up."""
        ask()
        runs = [self.run(ask) for _ in range(self.runs)]
        return Cost(*(statistics.median(column) for column in zip(*runs)))


class Client:
    """Keeps one connection. Not for several threads."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)

    def ask(self, path, method="GET", body=None, headers=None):
        self.connection.request(method, path, body, headers or {})
        answer = self.connection.getresponse()
        return answer.status, answer.read()


def readers(port, paths, count, seconds):
    """`count` readers at once, one path after the other: milliseconds of each good answer, and how
    often each status came."""
    waits, statuses, lock = [], {}, threading.Lock()
    start = threading.Barrier(count)

    def read(number):
        client = Client(port)
        start.wait()
        until, turn = time.monotonic() + seconds, number
        while time.monotonic() < until:
            began = time.perf_counter()
            try:
                status, _ = client.ask(paths[turn % len(paths)])
            except (OSError, http.client.HTTPException):
                status = "none"
                client.connection.close()
            wait = (time.perf_counter() - began) * 1000
            turn += 1
            with lock:
                statuses[status] = statuses.get(status, 0) + 1
                if status == 200:
                    waits.append(wait)
        client.connection.close()

    threads = [threading.Thread(target=read, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(waits), statuses


def p99(waits):
    return waits[min(len(waits) - 1, int(len(waits) * 0.99))] if waits else None
