"""The process table against what psutil says of the same machine.

Tolerances stand where they are used: values that move between two looks are compared with
psutil's answers before and after the call.
"""

import json
from pathlib import Path

import pytest
from agent_probe import LONG_NAME, ODD_NAME, Sent, assert_between, run_agent

# The machine is compared with itself a moment later, so nothing else may change it.
pytestmark = pytest.mark.alone

MIB = 1024 * 1024


def test_process_set_is_psutils(sent):
    steady = sent.steady_pids()
    missing = [pid for pid in steady if pid not in sent.processes]
    assert len(missing) <= 0.05 * len(steady)
    assert sent.batch["processes"]["scanned"] == len(sent.processes)
    known = set(sent.before.processes) | set(sent.after.processes)
    foreign = [pid for pid in sent.processes if pid not in known]
    # The agent itself, and what lived only between the two looks.
    assert len(foreign) <= 1 + 0.05 * len(sent.processes)


def share_equal(sent, pids, mine, theirs):
    """Share of processes for which the agent agrees with either look."""
    agreeing = 0
    for pid in pids:
        value = mine(sent.processes[pid])
        looks = [theirs(look.processes[pid]) for look in (sent.before, sent.after)]
        agreeing += value in looks
    return agreeing / len(pids)


@pytest.mark.parametrize(
    "column, field",
    [("name", "name"), ("ppid", "ppid"), ("num_threads", "threads"), ("state", "status")],
)
def test_process_columns_are_psutils(sent, column, field):
    pids = [pid for pid in sent.steady_pids() if pid in sent.processes]
    # States change by themselves and psutil knows no "idle" before 5.4.5: the rest is near exact.
    least = 0.85 if column == "state" else 0.97
    assert share_equal(sent, pids, lambda row: row[column], lambda seen: seen[field]) >= least


def test_user_is_the_effective_one(sent):
    import pwd

    for pid in sent.steady_pids():
        if pid in sent.processes:
            uid = sent.before.processes[pid]["euid"]
            try:
                expected = pwd.getpwuid(uid).pw_name
            except KeyError:
                expected = str(uid)
            assert sent.processes[pid]["user"] == expected


def test_start_ticks_are_the_kernels(sent):
    for pid in sent.steady_pids():
        if pid not in sent.processes:
            continue
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except FileNotFoundError:
            continue
        ticks = int(stat[stat.rindex(")") + 2 :].split()[19])
        assert sent.processes[pid]["start_ticks"] == ticks


def test_resident_memory_is_near(sent):
    pids = [pid for pid in sent.steady_pids() if pid in sent.processes]
    far = []
    for pid in pids:
        mine = sent.processes[pid]["memory_rss_bytes"]
        looks = [look.processes[pid]["rss"] for look in (sent.before, sent.after)]
        slack = max(2 * MIB, 0.10 * max(looks))
        if not min(looks) - slack <= mine <= max(looks) + slack:
            far.append((pid, mine, looks))
    assert len(far) <= 0.03 * len(pids), far


def test_disk_bytes_of_processes_lie_between_two_looks(sent):
    compared = 0
    for pid in sent.steady_pids():
        looks = [look.processes[pid]["io"] for look in (sent.before, sent.after)]
        row = sent.processes.get(pid)
        if row is None or None in looks or row["disk_read_bytes"] is None:
            continue
        assert_between(row["disk_read_bytes"], looks[0].read_bytes, looks[1].read_bytes)
        assert_between(row["disk_write_bytes"], looks[0].write_bytes, looks[1].write_bytes)
        compared += 1
    assert compared > 0


def test_odd_and_long_names_are_whole(sent, children):
    assert sent.processes[children[ODD_NAME].pid]["name"] == ODD_NAME
    assert sent.processes[children[LONG_NAME].pid]["name"] == LONG_NAME


def test_threads_and_memory_of_a_known_process(sent, children):
    row = sent.processes[children["threads"].pid]
    assert row["num_threads"] == 5
    assert row["memory_rss_bytes"] >= 32 * MIB
    share = 100 * row["memory_rss_bytes"] / sent.batch["host"]["memory_total_bytes"]
    assert row["memory_percent"] == pytest.approx(share, abs=0.01)


def test_busy_process_shows_its_cpu(sent, children):
    # Others want the cores too: it must stand out, not reach 100.
    assert sent.processes[children["busy"].pid]["cpu_percent"] > 5
    assert sent.processes[children[ODD_NAME].pid]["cpu_percent"] == 0


def test_zombie_is_told_as_such(sent, children):
    row = sent.processes[children["zombie"].pid]
    assert row["state"] == "zombie"
    assert row["memory_rss_bytes"] == 0


def test_open_files_are_psutils(sent):
    pids = [pid for pid in sent.steady_pids()
            if pid in sent.processes and sent.before.processes[pid]["fds"] is not None]
    assert pids
    assert share_equal(sent, pids, lambda row: row["fd_count"], lambda seen: seen["fds"]) >= 0.97


def test_limits_of_open_files_are_the_kernels(sent):
    import resource

    compared = 0
    for pid in sent.steady_pids():
        try:
            soft, _ = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        except (ProcessLookupError, PermissionError):
            continue
        if pid in sent.processes:
            assert sent.processes[pid]["fd_limit"] == soft
            compared += 1
    assert compared > 0


def test_proportional_memory_is_psutils(sent, children):
    import psutil

    known = [pid for pid in (child.pid for child in children.values())
             if sent.processes[pid]["memory_pss_bytes"] is not None]
    assert known, "the largest are read in the first collection"
    for pid in known:
        row = sent.processes[pid]
        theirs = psutil.Process(pid).memory_full_info()
        assert row["memory_pss_bytes"] == pytest.approx(theirs.pss, abs=2 * MIB, rel=0.1)
        assert row["memory_pss_bytes"] <= row["memory_rss_bytes"] + MIB
        assert row["memory_swap_bytes"] <= theirs.swap + MIB


def test_command_lines_are_whole_but_for_secrets(sent, children):
    row = sent.processes[children["threads"].pid]
    assert row["cmdline"].startswith(sent.before.processes[children["threads"].pid]["cmdline"][:9])
    secret = sent.processes[children["secret"].pid]["cmdline"]
    assert secret == "/bin/sh -c sleep 600; : --password=*** token *** --user=bob"
    assert "CANARY" not in str(sent.batch)
    assert "CANARY" not in sent.log


def test_folded_table_keeps_the_totals(tmp_path, children):
    whole = Sent(tmp_path)
    few = json.loads(run_agent(tmp_path, "--test", "--process-limit", "10",
                               "--always-processes", ODD_NAME[:3] + "*").stdout)["processes"]
    assert len(few["rows"]) == 10
    names = {row[few["columns"].index("name")] for row in few["rows"]}
    assert ODD_NAME in names
    assert few["scanned"] == few["other"]["count"] + 10
    column = few["columns"].index("memory_rss_bytes")
    total = few["other"]["memory_rss_bytes"] + sum(row[column] for row in few["rows"])
    expected = sum(row["memory_rss_bytes"] for row in whole.processes.values())
    assert total == pytest.approx(expected, rel=0.10)
