"""What a cycle of the agent costs beside psutil and the Prometheus exporters, at three sizes."""

import json
import math
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

from chorus_harness import BIN, wait_until

CYCLES = "15"
SCRAPES = 5
ATTRIBUTION_INTERVAL, ATTRIBUTION_SAMPLES = "10", "100"
# Children that wait, or wake up ten times a second, so that the host has as many processes as it is
# asked for.
CROWD = """
import os, signal, sys, time
children = []
for _ in range(int(sys.argv[1])):
    child = os.fork()
    if child == 0:
        while sys.argv[2] == "restless":
            time.sleep(0.1)
        signal.pause()
        os._exit(0)
    children.append(child)
print("ready", flush=True)
sys.stdin.read()
for child in children:
    os.kill(child, signal.SIGKILL)
for child in children:
    os.waitpid(child, 0)
"""
# The same figures of every process as the agent sends.
PSUTIL = """
import time, psutil
def scan():
    psutil.cpu_times(percpu=True); psutil.virtual_memory(); psutil.swap_memory()
    psutil.disk_io_counters(perdisk=True); psutil.net_io_counters(pernic=True)
    psutil.cpu_stats(); psutil.getloadavg(); psutil.disk_usage("/"); psutil.net_if_stats()
    for process in psutil.process_iter():
        try:
            with process.oneshot():
                process.name(); process.ppid(); process.status(); process.username()
                process.num_threads(); process.cpu_percent(); process.memory_info()
                process.memory_percent(); process.create_time(); process.io_counters()
                process.num_fds(); process.cmdline()
        except psutil.Error:
            pass
scan()
start = time.process_time()
for _ in range(3):
    scan()
print((time.process_time() - start) / 3 * 1000)
"""


# Children that burn 5 ms each and are gone before anybody looks; a program that works half of the
# time; one that writes to the disk.
LOADS = ["""
import os, time
while True:
    child = os.fork()
    if child == 0:
        end = time.process_time() + 0.005
        while time.process_time() < end:
            pass
        os._exit(0)
    os.waitpid(child, 0)
""", """
import time
while True:
    end = time.process_time() + 0.02
    while time.process_time() < end:
        pass
    time.sleep(0.02)
""", """
import os, tempfile, time
with tempfile.TemporaryFile() as file:
    while True:
        file.seek(0)
        file.write(os.urandom(1 << 20))
        file.flush()
        os.fsync(file.fileno())
        time.sleep(0.05)
"""]


class MixedLoad:
    def __enter__(self):
        self.programs = [subprocess.Popen([sys.executable, "-c", code]) for code in LOADS]

    def __exit__(self, *_):
        for program in self.programs:
            program.kill()
            program.wait()


class Crowd:
    def __init__(self, processes, kind="idle"):
        missing = max(0, processes - len([n for n in os.listdir("/proc") if n.isdigit()]))
        self.parent = subprocess.Popen([sys.executable, "-c", CROWD, str(missing), kind],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.parent.stdout.readline() == "ready\n"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.parent.stdin.close()
        self.parent.wait()


def agent_cycle(cycles=CYCLES, pause_ms=0):
    return json.loads(subprocess.run([os.path.join(BIN, "agent_cycle"), cycles, str(pause_ms)],
                                     check=True, capture_output=True, text=True).stdout)


def psutil_ms():
    return float(subprocess.run(["/usr/bin/python3", "-c", PSUTIL], check=True,
                                capture_output=True, text=True).stdout)


def cpu_ms(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def exporters_ms():
    """CPU time of one scrape of both; None where they are not installed."""
    total = 0
    for name, flag, more in (("prometheus-node-exporter", "--web.listen-address", []),
                             ("prometheus-process-exporter", "-web.listen-address",
                              ["-procnames", "postgres,redis-server,python3"])):
        program = shutil.which(name)
        if not program:
            return None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with subprocess.Popen([program, f"{flag}=127.0.0.1:{port}", *more],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
            try:
                url = f"http://127.0.0.1:{port}/metrics"
                wait_until(lambda: answers(url), 20, name)
                before = cpu_ms(server.pid)
                for _ in range(SCRAPES):
                    urllib.request.urlopen(url).read()
                time.sleep(0.1)
                total += (cpu_ms(server.pid) - before) / SCRAPES
            finally:
                server.terminate()
    return total


def answers(url):
    try:
        urllib.request.urlopen(url).read()
        return True
    except OSError:
        return False


def bench_agent(add):
    print("One cycle of the agent, CPU time:")
    for processes in (500, 2_000, 10_000):
        with Crowd(processes):
            runs = [agent_cycle() for _ in range(5)]
            label = f"{processes:,} processes"
            cycle = statistics.median(run["collect_ms"] for run in runs)
            bare = statistics.median(run["bare_ms"] for run in runs)
            whole = cycle + statistics.median(run["pack_ms"] for run in runs)
            add(f"agent, collection, {label}", cycle, "ms")
            add(f"bare openat/read/close, {label}", bare, "ms")
            add(f"agent / bare, {label}", cycle / bare, "x", 1.5, "less")
            if processes > 500:
                continue
            add(f"agent packed / psutil, {label}", whole / psutil_ms(), "x", 0.1, "less")
            add(f"bare openat/read/close / psutil, {label}", bare / psutil_ms(), "x")
            exporters = exporters_ms()
            if exporters:
                add(f"agent packed / two exporters, {label}", whole / exporters, "x", 1 / 30,
                    "less")
            add(f"agent, bytes on the wire, {label}", runs[-1]["wire_bytes"], "bytes", 15_000,
                "less")
            add("agent, resident after 1,000 cycles", agent_cycle("1000")["rss_bytes"] / 1e6, "MB",
                8, "less")
    # The agent does not read the open files and the traffic of a process again that did not run.
    with Crowd(500, "restless"):
        runs = [agent_cycle(CYCLES, 150) for _ in range(3)]
        whole = statistics.median(run["collect_ms"] + run["pack_ms"] for run in runs)
        label = "500 processes of which each ran"
        add(f"agent packed, {label}", whole, "ms")
        add(f"agent packed / psutil, {label}", whole / psutil_ms(), "x")
    bench_attribution(add)


def bench_attribution(add):
    """How far the sum over the process table is from the host's CPU time, in points."""
    with MixedLoad():
        told = json.loads(subprocess.run(
            [os.path.join(BIN, "agent_attribution"), ATTRIBUTION_INTERVAL, ATTRIBUTION_SAMPLES],
            check=True, capture_output=True, text=True).stdout)
    errors = sorted(abs(percent - 100) for percent in told)
    add(f"attribution error, median of {len(errors)}", statistics.median(errors), "points")
    add("attribution error in 95 % of samples", errors[math.ceil(0.95 * len(errors)) - 1],
        "points", 3, "less")
