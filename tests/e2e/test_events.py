"""Events of a real host: a process that begins and ends, and one the kernel ends."""

import os
import subprocess
import sys
from contextlib import contextmanager

import pytest
from chorus_harness import Agent, Aggregator, wait_until

# The limit of a memory cgroup, version 2 and 1.
LIMITS = [("/sys/fs/cgroup", "memory.max"), ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")]
HOG = "data = bytearray(200 << 20)"


@pytest.fixture(scope="module")
def watched():
    with Aggregator() as aggregator, Agent(aggregator, "events-01"):
        wait_until(lambda: batches(aggregator) >= 2, 30, "two batches of the agent")
        yield aggregator


def batches(aggregator):
    return int(aggregator.sql("SELECT count(*) FROM monitoring.system_batches")[0][0])


def events(aggregator, kind):
    return aggregator.get(f"/api/v1/events?hostname=events-01&event_type={kind}&limit=1000").json


def of_pid(aggregator, kind, pid):
    found = [event for event in events(aggregator, kind) if event["detail"].get("pid") == pid]
    assert len(found) <= 1, found
    return found[0] if found else None


def test_a_process_begins_and_ends(watched):
    with subprocess.Popen(["sleep", "600"]) as child:
        try:
            wait_until(lambda: of_pid(watched, "process_start", child.pid), 30, "its start")
        finally:
            child.kill()
    wait_until(lambda: of_pid(watched, "process_exit", child.pid), 30, "its end")
    start = of_pid(watched, "process_start", child.pid)
    end = of_pid(watched, "process_exit", child.pid)
    assert start["detail"]["process_name"] == end["detail"]["process_name"] == "sleep"
    assert start["detail"]["start_ticks"] == end["detail"]["start_ticks"]
    assert start["timestamp"] < end["timestamp"]
    assert end["detail"]["lived_seconds"] > 0
    rows = watched.sql("SELECT event_type FROM monitoring.host_events WHERE hostname = 'events-01'"
                       f" AND detail->>'pid' = '{child.pid}' ORDER BY timestamp")
    assert rows == [["process_start"], ["process_exit"]]


@contextmanager
def small_cgroup():
    for root, limit in LIMITS:
        path = f"{root}/chorus-test-{os.getpid()}"
        if not os.path.exists(f"{root}/cgroup.procs"):
            continue
        try:
            os.mkdir(path)
            with open(f"{path}/{limit}", "w") as file:
                file.write(str(32 << 20))
        except OSError:
            if os.path.isdir(path):
                os.rmdir(path)
            continue
        try:
            yield path
        finally:
            wait_until(lambda: not open(f"{path}/cgroup.procs").read(), 10, "its processes to end")
            os.rmdir(path)
        return
    pytest.skip("needs: a memory cgroup that may be made")


def test_the_kernels_victim_is_named(watched):
    if not os.access("/dev/kmsg", os.R_OK) or os.geteuid() != 0:
        pytest.skip("needs: root, and the kernel's log")
    with small_cgroup() as cgroup:
        shell = f"echo $$ > {cgroup}/cgroup.procs; exec {sys.executable} -c '{HOG}'"
        victim = subprocess.Popen(["sh", "-c", shell])
        assert victim.wait(60) == -9
    wait_until(lambda: of_pid(watched, "oom_kill", victim.pid), 30, "the event")
    detail = of_pid(watched, "oom_kill", victim.pid)["detail"]
    assert detail["process_name"].startswith("python3")
    assert detail["scope"] == "cgroup"
    assert detail["memory_anon_bytes"] > 16 << 20


def test_a_forged_record_is_not_believed(watched):
    if not os.access("/dev/kmsg", os.W_OK) or os.geteuid() != 0:
        pytest.skip("needs: root, and the kernel's log")
    with open("/dev/kmsg", "w") as log:
        log.write("<3>Out of memory: Killed process 1 (forged) total-vm:1kB, anon-rss:1kB")
    before = batches(watched)
    wait_until(lambda: batches(watched) >= before + 2, 30, "two more batches")
    assert of_pid(watched, "oom_kill", 1) is None


def test_lists_are_paged_and_checked(watched):
    page = watched.get("/api/v1/events?limit=1")
    assert len(page.json) == 1 and 'offset=1' in page.headers["link"]
    assert watched.get("/api/v1/events?hostname=nobody").json == []
    assert watched.get("/api/v1/events?start_time=2026-01-02T00:00:00Z"
                       "&end_time=2026-01-01T00:00:00Z").status == 422
    newest = watched.get("/api/v1/events?order=desc").json[0]["timestamp"]
    oldest = watched.get("/api/v1/events?order=asc").json[0]["timestamp"]
    assert oldest <= newest
