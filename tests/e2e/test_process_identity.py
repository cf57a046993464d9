"""A PID that is given again, and what agents with fewer rights say: unknown, never 0."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
from agent_probe import agent_path, clean_environment
from chorus_harness import Agent, Aggregator, wait_until

NOBODY = 65534
BURN = "while True: pass"


def spawn_with_pid(pid, arguments, tries=200):
    """The kernel gives the number after ns_last_pid next, unless somebody else was faster."""
    for _ in range(tries):
        with open("/proc/sys/kernel/ns_last_pid", "w") as last:
            last.write(str(pid - 1))
        child = subprocess.Popen(arguments)
        if child.pid == pid:
            return child
        child.kill()
        child.wait()
    return None


def test_a_pid_given_again_inherits_nothing():
    if os.geteuid() != 0 or not os.access("/proc/sys/kernel/ns_last_pid", os.W_OK):
        pytest.skip("needs: root and ns_last_pid")
    with Aggregator() as aggregator, Agent(aggregator, "reuse-01"):
        def rows(pid):
            return aggregator.sql(
                "SELECT process_name, started_at, cpu_percent, children_cpu_percent,"
                " major_faults_per_sec, disk_read_bytes FROM monitoring.process_metrics"
                f" WHERE process_id = {pid} ORDER BY timestamp")

        checked = 0
        for _ in range(3):
            first = subprocess.Popen([sys.executable, "-c", BURN])
            pid = first.pid
            wait_until(lambda: any(float(row[2] or 0) > 20 for row in rows(pid)), 30,
                       "the first process to be seen at work")
            first.kill()
            first.wait()
            second = spawn_with_pid(pid, ["sleep", "600"])
            if second is None:
                continue
            try:
                wait_until(lambda: sum(row[0] == "sleep" for row in rows(pid)) >= 2, 30,
                           "two samples of the second process")
            finally:
                second.kill()
                second.wait()
            seen = rows(pid)
            assert len({row[1] for row in seen}) == 2, "two lives"
            for row in (row for row in seen if row[0] == "sleep"):
                figures = [float(value) for value in row[2:] if value]
                assert min(figures, default=0) >= 0
                # A python that burns for a second or two would be told as 100 and more.
                assert float(row[2] or 0) < 20, row
            checked += 1
        assert checked > 0, "no PID was given again"
        print(f"{checked} PIDs given again: 0 negative or inherited figures")


def batch_of(user, tmp_path, procfs="/proc", hidepid=None):
    """What an agent with the rights of `user` would send, on a procfs of its own if asked to."""
    shutil.copy(agent_path(), tmp_path / "chorus-agent")
    command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups",
               "--bounding-set=-all", "--inh-caps=-all", str(tmp_path / "chorus-agent"), "--test",
               "--procfs", procfs, "--hostname", "h", "--pss-budget-ms", "1000"]
    if hidepid is not None:
        mount = f"mount -t proc -o hidepid={hidepid} proc {procfs} && exec \"$@\""
        command = ["unshare", "--mount", "sh", "-c", mount, "sh", *command]
    result = subprocess.run(command, cwd="/", env=clean_environment(), capture_output=True,
                            text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    batch = json.loads(result.stdout)
    columns = batch["processes"]["columns"]
    batch["by_pid"] = {row[0]: dict(zip(columns, row)) for row in batch["processes"]["rows"]}
    batch["values"] = {(name, label): value for (name, label, _), value in zip(
        batch["metrics"]["layout"], batch["metrics"]["values"])}
    return batch


@pytest.fixture
def private(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("needs: root")
    tmp_path.chmod(0o755)
    parent = tmp_path
    while parent != parent.parent:
        if not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)
        parent = parent.parent
    return tmp_path


PRIVATE = ["disk_read_bytes", "disk_write_bytes", "memory_pss_bytes", "memory_swap_bytes"]
OPEN_TO_ALL = ["name", "state", "num_threads", "memory_rss_bytes", "start_ticks", "user",
               "fd_limit", "cmdline"]


def test_without_rights_private_figures_are_unknown(private):
    with subprocess.Popen(["sleep", "600"]) as roots, \
            subprocess.Popen(["sleep", "600"], user=NOBODY, group=NOBODY) as own:
        try:
            batch = batch_of(NOBODY, private)
            row = batch["by_pid"][roots.pid]
            assert [row[column] for column in PRIVATE] == [None] * len(PRIVATE)
            assert all(row[column] is not None for column in OPEN_TO_ALL), row
            # Since Linux 6.2 everybody may see how many files a process has open.
            assert row["fd_count"] in (None, 3)
            row = batch["by_pid"][own.pid]
            assert all(row[column] is not None for column in PRIVATE + OPEN_TO_ALL), row
            errors = {label: value for (name, label), value in batch["values"].items()
                      if name == "agent_read_errors_count"}
            assert errors.get("EACCES", 0) > 0, "they are counted"
        finally:
            for child in (roots, own):
                child.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("hidepid", [1, 2, 4])
def test_hidden_processes_are_absent_not_zero(private, hidepid):
    procfs = private / "proc"
    procfs.mkdir()
    with subprocess.Popen(["sleep", "600"], user=NOBODY, group=NOBODY) as own:
        try:
            batch = batch_of(NOBODY, private, str(procfs), hidepid)
        finally:
            own.kill()
    rows = batch["by_pid"]
    assert own.pid in rows
    assert all(row["user"] == "nobody" for row in rows.values()), "only its own are to be seen"
    assert batch["processes"]["scanned"] == len(rows)
    for row in rows.values():
        assert row["memory_rss_bytes"] is not None and row["num_threads"] is not None
    # What is not about processes is told all the same.
    assert batch["values"][("memory_total_mb", "")] > 0
    assert batch["values"][("cpu_count", "")] >= 1
