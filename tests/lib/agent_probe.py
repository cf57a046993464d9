"""What `chorus-agent --test` prints, with psutil's view of the same machine around it.

CHORUS_BIN_DIR names the folder of the built programs.
"""

import json
import os
import subprocess
import time
from pathlib import Path

import psutil

ODD_NAME = "odd) S 1 (x"
LONG_NAME = "a-name-longer-than-fifteen-bytes"


def agent_path():
    folder = os.environ.get("CHORUS_BIN_DIR")
    assert folder, "CHORUS_BIN_DIR must name the folder of the built programs"
    path = Path(folder) / "chorus-agent"
    assert path.exists(), f"{path} is not built"
    return str(path)


def clean_environment():
    keep = ("PATH", "LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")
    return {name: os.environ[name] for name in keep if name in os.environ}


def run_agent(directory, *arguments, **environment):
    return subprocess.run(
        [agent_path(), *arguments],
        cwd=directory,
        env={**clean_environment(), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


class Look:
    """psutil's view of the host at one moment."""

    def __init__(self):
        self.memory = psutil.virtual_memory()
        self.swap = psutil.swap_memory()
        self.load = psutil.getloadavg()
        self.disks = psutil.disk_io_counters(perdisk=True)
        self.nics = psutil.net_io_counters(pernic=True, nowrap=False)
        self.root = psutil.disk_usage("/")
        self.clock = psutil.boot_time()
        self.tcp = [c.status for c in psutil.net_connections(kind="tcp")]
        self.context_switches = psutil.cpu_stats().ctx_switches
        self.interfaces = psutil.net_if_stats()
        self.uptime = time.clock_gettime(time.CLOCK_BOOTTIME)
        self.processes = {}
        for process in psutil.process_iter():
            try:
                with process.oneshot():
                    self.processes[process.pid] = {
                        "create_time": process.create_time(),
                        "name": process.name(),
                        "ppid": process.ppid(),
                        "threads": process.num_threads(),
                        "rss": process.memory_info().rss,
                        "status": process.status(),
                        "euid": process.uids().effective,
                        "io": io_of(process),
                        "fds": fds_of(process),
                        "cmdline": cmdline_of(process),
                    }
            except psutil.NoSuchProcess:
                pass


def io_of(process):
    try:
        return process.io_counters()
    except (psutil.AccessDenied, psutil.ZombieProcess):
        return None


def cmdline_of(process):
    try:
        return " ".join(process.cmdline())
    except psutil.ZombieProcess:
        return ""


def fds_of(process):
    try:
        return process.num_fds()
    except (psutil.AccessDenied, psutil.ZombieProcess):
        return None


class Sent:
    """What the agent would have sent, with psutil's view from just before and just after."""

    def __init__(self, directory):
        self.before = Look()
        result = run_agent(directory, "--test", "--hostname", "test-host",
                           "--pss-budget-ms", "1000")
        self.after = Look()
        assert result.returncode == 0, result.stderr
        self.log = result.stderr
        self.batch = json.loads(result.stdout)
        metrics = self.batch["metrics"]
        assert len(metrics["layout"]) == len(metrics["values"])
        self.values = {
            (name, label): value
            for (name, label, _), value in zip(metrics["layout"], metrics["values"])
        }
        self.units = {name: unit for name, _, unit in metrics["layout"]}
        table = self.batch["processes"]
        self.processes = {
            row[0]: dict(zip(table["columns"], row)) for row in table["rows"]
        }

    def value(self, name, label=""):
        return self.values[(name, label)]

    def steady_pids(self):
        """Processes that lived through the whole comparison."""
        return [
            pid
            for pid, seen in self.before.processes.items()
            if pid in self.after.processes
            and self.after.processes[pid]["create_time"] == seen["create_time"]
        ]


def assert_between(value, first, second, slack=0.0):
    low, high = min(first, second), max(first, second)
    assert low - slack <= value <= high + slack, f"{value} not in [{low}, {high}] ± {slack}"
