"""The host's figures against df, free, ps and, where it is installed, node_exporter.

Each tool is asked before and after the agent; the agent's figure must lie between the two looks, but
for the slack that stands where it is used.
"""

import os
import re
import shutil
import socket
import subprocess
import urllib.request

import pytest
from agent_probe import Sent
from chorus_harness import wait_until

# The machine is compared with itself a moment later, so nothing else may change it.
pytestmark = pytest.mark.alone

MIB = 1 << 20


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "C"}).stdout


def df():
    lines = run("df", "-B1", "--output=target,size,used,avail").splitlines()[1:]
    rows = [line.rsplit(None, 3) for line in lines]
    inodes = [line.rsplit(None, 2) for line in
              run("df", "--output=target,itotal,iavail").splitlines()[1:]]
    table = {target: tuple(map(int, row)) for target, *row in rows if "-" not in row}
    return table, {target: tuple(map(int, row)) for target, *row in inodes if "-" not in row}


def free():
    return dict(zip(("total", "used", "free", "shared", "cache", "available"),
                    map(int, run("free", "-b").splitlines()[1].split()[1:])))


def ps():
    rows = {}
    for line in run("ps", "-eo", "pid=,ppid=,nlwp=,rss=,stat=,user:32=,comm=").splitlines():
        pid, ppid, threads, rss, state, user, name = line.split(None, 6)
        rows[int(pid)] = (int(ppid), int(threads), int(rss) * 1024, state[0], user, name)
    return rows


class Exporter:
    """node_exporter on a port of its own."""

    def __init__(self):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen(
            ["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{self.port}",
             "--log.level=error"], stderr=subprocess.DEVNULL)
        wait_until(self.answers, 20, "node_exporter")

    def answers(self):
        try:
            return self.look()
        except OSError:
            return None

    def look(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as reply:
            text = reply.read().decode()
        return {match[1]: float(match[2]) for match in
                re.finditer(r"^(node_[^#\s]+(?:\{[^}]*\})?) (\S+)$", text, re.MULTILINE)}


@pytest.fixture(scope="module")
def readings(tmp_path_factory):
    exporter = Exporter() if shutil.which("prometheus-node-exporter") else None
    read = lambda: {"df": df(), "free": free(), "ps": ps(),
                    "node": exporter.look() if exporter else None}
    before = read()
    sent = Sent(tmp_path_factory.mktemp("tools"))
    after = read()
    if exporter:
        exporter.process.kill()
        exporter.process.wait()
    return before, sent, after


def assert_between(value, one, other, slack=0.0):
    low, high = sorted((one, other))
    assert low - slack <= value <= high + slack, (low, value, high)


def test_file_systems_are_dfs(readings):
    before, sent, after = readings
    names = ["filesystem_total_bytes", "filesystem_used_bytes", "filesystem_avail_bytes"]
    compared = 0
    for (name, mount), value in list(sent.values.items()):
        if name != names[0] or value is None or mount not in before["df"][0]:
            continue
        if ("disk_usage_percent", mount) not in sent.values:  # it cannot be written to
            continue
        for place, metric in enumerate(names):
            assert_between(sent.value(metric, mount), before["df"][0][mount][place],
                    after["df"][0][mount][place], 32 * MIB)
        _, used, avail = after["df"][0][mount]
        assert sent.value("disk_usage_percent", mount) == pytest.approx(
            100 * used / (used + avail), abs=0.5)
        if mount in before["df"][1]:
            assert_between(sent.value("filesystem_inodes_free_count", mount),
                    before["df"][1][mount][1], after["df"][1][mount][1], 2_000)
        compared += 1
    assert compared > 0


def test_memory_is_frees(readings):
    before, sent, after = readings
    for metric, field, unit in (("memory_total_mb", "total", MIB), ("memory_free_bytes", "free", 1),
                                ("memory_available_mb", "available", MIB),
                                ("memory_shared_bytes", "shared", 1)):
        assert_between(sent.value(metric) * unit, before["free"][field], after["free"][field], 64 * MIB)


def test_processes_are_ps(readings):
    before, sent, after = readings
    steady = [pid for pid in before["ps"] if pid in after["ps"] and pid in sent.processes
              and before["ps"][pid][:2] == after["ps"][pid][:2]]
    assert len(steady) > 10
    for pid in steady:
        row, (ppid, threads, rss, _, user, name) = sent.processes[pid], before["ps"][pid]
        assert (row["ppid"], row["num_threads"]) == (ppid, threads), pid
        assert_between(row["memory_rss_bytes"], rss, after["ps"][pid][2], 2 * MIB + rss // 10)
        assert row["user"] == user or user.isdigit() or user.endswith("+")
        if name.startswith("kworker/"):
            continue  # named after what it is doing, at this moment
        assert row["name"].startswith(name[:15]) or name != after["ps"][pid][5], (row, name)


def test_counters_are_node_exporters(readings):
    before, sent, after = readings
    if before["node"] is None:
        pytest.skip("needs: the package prometheus-node-exporter")
    old, new = before["node"], after["node"]
    for metric, theirs, factor in (
            ("memory_total_mb", "node_memory_MemTotal_bytes", MIB),
            ("system_boot_time_seconds", "node_boot_time_seconds", 1),
            ("swap_total_mb", "node_memory_SwapTotal_bytes", MIB),
            ("system_fd_used_count", "node_filefd_allocated", 1),
            ("sockets_used_count", "node_sockstat_sockets_used", 1),
            ("memory_buffers_bytes", "node_memory_Buffers_bytes", 1),
            ("memory_anon_bytes", "node_memory_AnonPages_bytes", 1)):
        slack = {"memory_anon_bytes": 64 * MIB, "memory_buffers_bytes": MIB}.get(metric, 64)
        assert_between(sent.value(metric) * factor, old[theirs], new[theirs], slack)
    for metric, theirs in (("disk_read_bytes", "node_disk_read_bytes_total"),
                           ("disk_write_bytes", "node_disk_written_bytes_total")):
        devices = {label for name, label in sent.values if name == "disk_reads_per_sec" and label}
        of = lambda look: sum(value for name, value in look.items() if name.startswith(theirs + "{")
                              and re.search('device="([^"]+)"', name)[1] in devices)
        if len(devices) == 1:
            assert_between(sent.value(metric), of(old), of(new))
    for metric, theirs in (("network_bytes_recv", "node_network_receive_bytes_total"),
                           ("network_bytes_sent", "node_network_transmit_bytes_total")):
        of = lambda look: sum(value for name, value in look.items()
                              if name.startswith(theirs + "{") and '"lo"' not in name)
        assert_between(sent.value(metric), of(old), of(new))
