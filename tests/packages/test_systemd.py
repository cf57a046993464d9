"""The packages on a machine that systemd runs: units, their sandbox, what they do when killed."""

import json
import os
import re
import shutil
import subprocess

import pytest

from chorus_harness import wait_until
from debian_machine import Machine

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs: root"),
    pytest.mark.skipif(not shutil.which("systemd-nspawn"), reason="needs: systemd-nspawn")]

URL = "http://127.0.0.1:8082"
DAEMONS = ("chorus-aggregator", "chorus-agent")
# Figures that are the same from one moment to the next, and those that change little.
STEADY = {"cpu_count", "disk_total_gb", "filesystem_total_bytes", "filesystem_readonly",
          "memory_total_mb", "swap_total_mb", "system_boot_time_seconds",
          "system_clock_synced"}
SLOW = {"disk_used_gb", "filesystem_used_bytes", "filesystem_avail_bytes", "memory_used_mb",
        "filesystem_inodes_free_count", "uptime_seconds"}


@pytest.fixture(scope="module")
def machine(needed, packages):
    """Both packages installed and set up as the operator's guide says."""
    machine = Machine(needed)
    try:
        machine.install(*packages.debs)
        machine.run("chorus-aggregator", "setup-db")
        machine.run("systemctl", "restart", "chorus-aggregator")
        token = machine.run("chorus-aggregator", "token", "create", "--role", "enrol", "--name",
                            "web-01").stdout.strip()
        machine.path("/etc/chorus/agent.conf.d/interval.conf").write_text(
            "metrics-collection-interval = 1\n")
        machine.run("chmod 644 /etc/chorus/agent.conf.d/interval.conf")
        machine.run("chorus-agent", "enroll", URL, "-", "--hostname", "web-01", stdin=token)
        machine.run("systemctl", "restart", "chorus-agent")
        yield machine
    finally:
        machine.close()


def batches(machine):
    return int(machine.run("psql", "-Atqd", "chorus_monitoring", "-c",
                           "SELECT count(*) FROM monitoring.system_batches",
                           user="postgres").stdout)


def wait_for_batches(machine):
    before = batches(machine)
    wait_until(lambda: batches(machine) > before, 60, "further batches")


@pytest.fixture
def override(machine):
    """Changes settings of a daemon's unit until the end of the test."""
    changed = []

    def change(unit, text):
        folder = machine.path(f"/run/systemd/system/{unit}.service.d")
        machine.run(f"mkdir -p /run/systemd/system/{unit}.service.d && cat >"
                    f" /run/systemd/system/{unit}.service.d/test.conf", stdin=text)
        changed.append((unit, folder))
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "restart", unit)

    yield change
    for unit, _ in changed:
        machine.run("rm", "-r", f"/run/systemd/system/{unit}.service.d")
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "reset-failed", unit, check=False)
        machine.run("systemctl", "restart", unit)


@pytest.mark.parametrize("daemon", DAEMONS)
def test_units_run_and_say_so(machine, daemon):
    assert machine.show(daemon, "ActiveState") == "active"
    assert machine.show(daemon, "UnitFileState") == "enabled"
    assert machine.show(daemon, "NRestarts") == "0", machine.journal(daemon)
    assert machine.show(daemon, "StatusText")
    told = machine.run(daemon, "status", check=False)
    assert told.returncode == 0, told.stdout + machine.journal(daemon)
    wait_for_batches(machine)


def figures(machine, command):
    """Of one batch: values by metric and label, processes by PID, facts of the host."""
    batch = json.loads(machine.run(command).stdout)
    series = zip(batch["metrics"]["layout"], batch["metrics"]["values"])
    columns = batch["processes"]["columns"]
    processes = [dict(zip(columns, row)) for row in batch["processes"]["rows"]]
    return ({(metric, label): value for (metric, label, _), value in series},
            {process["pid"]: process for process in processes}, batch["host"])


def test_the_sandbox_changes_no_figure(machine):
    """A8: one batch under the unit's settings, one by the same user without them. What the kernel
    tells of the clock is for who adds clock-figures.conf."""
    unit = machine.path("/lib/systemd/system/chorus-agent.service").read_text()
    unit = re.sub(r"(?m)^ExecStart=.*$", "ExecStart=/usr/bin/chorus-agent --test\n"
                  "StandardOutput=truncate:/run/inside.json\nStandardError=journal", unit)
    unit = unit.replace("Type=notify", "Type=oneshot").replace("Restart=on-failure", "Restart=no")
    machine.run("cat > /run/systemd/system/inside.service", stdin=unit)
    machine.run("systemctl daemon-reload && systemctl start inside.service")
    inside, *_ = figures(machine, "cat /run/inside.json")
    assert {value for (name, _), value in inside.items() if name.startswith("system_clock_")} == {None}
    machine.run("mkdir /run/systemd/system/inside.service.d && cp $(dpkg -L chorus-agent |"
                " grep clock-figures.conf) /run/systemd/system/inside.service.d/")
    machine.run("systemctl daemon-reload && systemctl start inside.service")
    inside, processes_inside, host_inside = figures(machine, "cat /run/inside.json")
    outside, processes_outside, host_outside = figures(
        machine, "cd / && runuser -u chorus-agent -- chorus-agent --test")
    assert host_inside == host_outside
    differing = set(inside) ^ set(outside)
    # Of units and control groups there are others a moment later.
    assert {name for name in differing if not name[0].startswith(("unit_", "cgroup_"))} == set()
    unknown = {name for name in inside.keys() & outside.keys()
               if (inside[name] is None) != (outside[name] is None)}
    # Where nothing happened there is no average.
    assert {n for n in unknown if not n[0].endswith(("_await_ms", "_retransmit_percent"))} == set()
    for name in inside.keys() & outside.keys():
        if name[0] in STEADY:
            assert inside[name] == outside[name], name
        elif name[0] in SLOW:
            assert inside[name] == pytest.approx(outside[name], rel=0.05), name
    assert STEADY | SLOW <= {name[0] for name in inside}
    common = processes_inside.keys() & processes_outside.keys()
    assert len(common) > 10
    for pid in common:
        one, other = processes_inside[pid], processes_outside[pid]
        for column in one:
            assert (one[column] is None) == (other[column] is None), (pid, column)
        for column in ("start_ticks", "name", "ppid", "user", "unit", "container_id", "cmdline"):
            assert one[column] == other[column], (pid, column)


@pytest.mark.parametrize("daemon", DAEMONS)
def test_who_is_killed_comes_back(machine, daemon):
    restarts = int(machine.show(daemon, "NRestarts"))
    machine.run("systemctl", "kill", "-s", "KILL", daemon)
    wait_until(lambda: int(machine.show(daemon, "NRestarts")) > restarts
               and machine.show(daemon, "ActiveState") == "active", 60, "the restart")
    wait_for_batches(machine)


@pytest.mark.parametrize("daemon", DAEMONS)
def test_who_hangs_is_ended_by_the_watchdog(machine, override, daemon):
    override(daemon, "[Service]\nWatchdogSec=5\n")
    restarts = int(machine.show(daemon, "NRestarts"))
    machine.run("systemctl", "kill", "-s", "STOP", daemon)
    wait_until(lambda: int(machine.show(daemon, "NRestarts")) > restarts
               and machine.show(daemon, "ActiveState") == "active", 90, "the restart")
    assert "Watchdog timeout" in machine.journal(daemon)
    wait_for_batches(machine)


@pytest.mark.parametrize("daemon", DAEMONS)
def test_a_stop_is_clean_and_quick(machine, daemon):
    machine.run("systemctl", "stop", daemon)
    assert machine.show(daemon, "Result") == "success", machine.journal(daemon)
    assert machine.show(daemon, "ExecMainStatus") == "0"
    machine.run("systemctl", "start", daemon)
    wait_for_batches(machine)


def test_a_reload_keeps_the_process_and_takes_the_new_setting(machine):
    pid = machine.show("chorus-agent", "MainPID")
    interval = "/etc/chorus/agent.conf.d/interval.conf"
    machine.run(f"echo 'metrics-collection-interval = 2' > {interval}")
    machine.run("systemctl", "reload", "chorus-agent")
    wait_until(lambda: machine.run(
        "psql", "-Atqd", "chorus_monitoring", "-c", "SELECT interval_seconds FROM monitoring.hosts",
        user="postgres").stdout.strip() == "2", 60, "the new interval")
    assert machine.show("chorus-agent", "MainPID") == pid
    machine.run(f"echo 'metrics-collection-interval = 1' > {interval}")
    machine.run("systemctl", "reload", "chorus-agent")


def test_many_connections_are_served_within_the_units_limits(machine):
    """Each connection has a thread, and TasksMax= counts those."""
    hold = """
import socket
held = [socket.create_connection(("127.0.0.1", 8082)) for _ in range(500)]
for one in held:
    one.sendall(b"GET /health HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
print({one.recv(15) for one in held})
"""
    done = subprocess.run(["nsenter", "-t", machine.pid, "--net", "/usr/bin/python3", "-c", hold],
                          capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "{b'HTTP/1.1 200 OK'}\n"
    wait_for_batches(machine)


def test_drop_ins_give_what_they_promise(machine):
    def read_bytes():
        return machine.run("psql", "-Atqd", "chorus_monitoring", "-c",
                           "SELECT count(*) FROM monitoring.process_metrics WHERE username = 'root'"
                           " AND disk_read_bytes IS NOT NULL", user="postgres").stdout.strip()

    assert read_bytes() == "0"
    folder = "/etc/systemd/system/chorus-agent.service.d"
    machine.run(f"mkdir -p {folder} && cp $(dpkg -L chorus-agent | grep process-figures.conf)"
                f" {folder}/ && systemctl daemon-reload && systemctl restart chorus-agent")
    wait_until(lambda: read_bytes() != "0", 60, "disk figures of root's processes")
    machine.run(f"rm -r {folder} && systemctl daemon-reload && systemctl restart chorus-agent")
