"""Two real agents, one aggregator: what the one reads arrives everywhere, and stays apart."""

import json
import os
import pathlib
import re
import signal

import psutil
import pytest

from chorus_harness import Agent, Aggregator, PrivateServers, redis_cli, wait_until

FIXTURE = pathlib.Path(__file__).parents[1] / "fixtures" / "server"
RECORDED = {"CHORUS_PROCFS": str(FIXTURE / "proc"), "CHORUS_SYSFS": str(FIXTURE / "sys"),
            "CHORUS_ROOTFS": str(FIXTURE / "rootfs")}
API = "/api/v1"


@pytest.fixture(scope="module")
def fleet(aggregator):
    """The aggregator with this machine as `real` and a recorded machine as `recorded`."""
    with Agent(aggregator, "real"), Agent(aggregator, "recorded", environment=RECORDED):
        # Three batches: from the second on every rate has a previous sample.
        wait_until(lambda: batches(aggregator, "real") >= 3
                   and batches(aggregator, "recorded") >= 3, 30, "three batches of each agent")
        yield aggregator


def batches(aggregator, hostname):
    return int(aggregator.sql("SELECT count(*) FROM monitoring.system_batches JOIN"
                              f" monitoring.hosts USING (host_id) WHERE hostname = '{hostname}'"
                              )[0][0])


def get(aggregator, path):
    answer = aggregator.get(API + path)
    assert answer.status == 200, answer.body
    return answer.json


def test_both_hosts_are_up_with_their_own_facts(fleet):
    hosts = {host["hostname"]: host for host in get(fleet, "/hosts")}
    assert set(hosts) == {"real", "recorded"}
    assert {host["status"] for host in hosts.values()} == {"up"}
    assert hosts["real"]["memory_total_bytes"] == psutil.virtual_memory().total
    assert hosts["recorded"]["memory_total_bytes"] == 16_777_216_000
    assert hosts["recorded"]["cpu_model"] == "Example CPU @ 2.40GHz"
    assert hosts["real"]["agent_id"] != hosts["recorded"]["agent_id"]


@pytest.mark.parametrize("hostname,memory_mb", [
    ("real", psutil.virtual_memory().total / 2**20), ("recorded", 16_000.0)])
def test_metrics_agree_in_api_sql_and_redis(fleet, hostname, memory_mb):
    rows = get(fleet, f"/metrics/system?hostname={hostname}&metric_type=memory_total_mb")
    assert rows and all(row["metric_value"] == pytest.approx(memory_mb) for row in rows)
    latest = get(fleet, f"/metrics/latest/{hostname}")["metrics"]["memory_total_mb"]
    assert latest["value"] == pytest.approx(memory_mb)
    sql = fleet.sql("SELECT DISTINCT metric_value FROM monitoring.system_metrics"
                    f" WHERE hostname = '{hostname}' AND metric_type = 'memory_total_mb'")
    assert [float(row[0]) for row in sql] == [pytest.approx(memory_mb)]
    key = f"latest:{hostname}:memory_total_mb"
    cached = json.loads(wait_until(lambda: redis_cli("GET", key, url=fleet.redis_url), 10, key))
    assert cached["value"] == pytest.approx(memory_mb)
    assert redis_cli("EXISTS", f"health:{hostname}", url=fleet.redis_url) == "1"


def test_processes_stay_with_their_host(fleet):
    real = {row["process_name"] for row in get(fleet, "/metrics/processes?hostname=real&limit=1000")}
    recorded = {row["process_name"]
                for row in get(fleet, "/metrics/processes?hostname=recorded&limit=1000")}
    assert "chorus-agent" in real and "chorus-agent" not in recorded
    shown = get(fleet, "/processes/at?hostname=recorded")["processes"]
    assert {row["process_id"] for row in shown} == {1, 2, 17, 700, 812, 900, 1203, 1500, 1501}
    names = {row[0] for row in fleet.sql(
        "SELECT DISTINCT process_name FROM monitoring.process_metrics WHERE hostname = 'recorded'")}
    assert recorded <= names == {row["process_name"] for row in shown}


def test_this_process_is_told_as_psutil_sees_it(fleet):
    me = psutil.Process()
    rows = get(fleet, "/processes/at?hostname=real")["processes"]
    mine = next(row for row in rows if row["process_id"] == me.pid)
    assert mine["process_name"] == me.name()
    assert mine["username"] == me.username()
    assert mine["ppid"] == me.ppid()
    assert mine["memory_mb"] == pytest.approx(me.memory_info().rss / 2**20, rel=0.2)


@pytest.mark.parametrize("path", [
    "/hosts", "/metrics/system?limit=500", "/metrics/processes?limit=500",
    "/metrics/latest/real", "/processes/at?hostname=real", "/system/overview?hostname=real",
    "/dashboard/overview", "/dashboard/metrics/summary", "/metric-types",
    "/dashboard/metrics/series?hostname=real&metric_type=cpu_usage_percent&hours=1"])
def test_numbers_are_numbers_and_times_end_in_z(fleet, path):
    stamp = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
    found = []

    def walk(value, name):
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, key)
        elif isinstance(value, list):
            for inner in value:
                walk(inner, name)
        elif isinstance(value, str):
            found.append(name)
            assert not re.fullmatch(r"-?\d+(\.\d+)?", value) or name in ("id", "cursor"), (name, value)
            if re.match(r"^\d{4}-\d\d-\d\d", value):
                assert stamp.match(value), (name, value)

    walk(get(fleet, path), "")
    assert found


def test_once_says_by_its_exit_code_what_became_of_the_batch(aggregator):
    agent = Agent(aggregator, "once")
    assert agent.run("--once").returncode == 0
    assert batches(aggregator, "once") == 1
    nowhere = agent.run("--once", environment={"CHORUS_AGGREGATOR_URL": "http://127.0.0.1:1"})
    assert nowhere.returncode == 69
    refused = agent.run("--once", environment={"CHORUS_AGENT_TOKEN": "chr_" + "0" * 43})
    assert refused.returncode not in (0, 69)
    for done in (nowhere, refused):
        assert agent.token not in done.stderr + done.stdout


def assert_no_gap(aggregator, hostname, at_least):
    """Every batch the agent made is there once, with the time at which it was made."""
    received = aggregator.sql(
        "SELECT received FROM monitoring.ingest_streams JOIN monitoring.hosts USING (host_id)"
        f" WHERE hostname = '{hostname}'")
    assert len(received) == 1
    count = batches(aggregator, hostname)
    assert received[0][0] == f"{{[1,{count + 1})}}" and count >= at_least
    if count == 1:
        return
    gaps = aggregator.sql(
        "SELECT extract(epoch FROM max(gap)), extract(epoch FROM min(gap)) FROM"
        " (SELECT ts - lag(ts) OVER (ORDER BY ts) AS gap FROM monitoring.system_batches"
        f" JOIN monitoring.hosts USING (host_id) WHERE hostname = '{hostname}') gaps")
    assert 0 < float(gaps[0][1]) and float(gaps[0][0]) < 5, gaps


@pytest.mark.parametrize("outage", ["postgres", "aggregator"])
def test_outage_leaves_no_gap(outage):
    servers = PrivateServers()
    aggregator = Aggregator(database_url=servers.database_url, redis_url=servers.redis_url)
    try:
        aggregator.start()
        with Agent(aggregator, "patient") as agent:
            wait_until(lambda: batches(aggregator, "patient") >= 2, 30, "two batches")
            collected = 'event":"Metrics collection completed'
            before = agent.log().count(collected)
            if outage == "postgres":
                servers.call("stop_postgres", "immediate")
            else:
                aggregator.kill()
            wait_until(lambda: agent.log().count(collected) >= before + 4, 30,
                       "four collections without the server")
            if outage == "postgres":
                servers.call("start_postgres")
            else:
                aggregator.start()
            wait_until(lambda: batches(aggregator, "patient") >= before + 5, 60, "the backlog")
            assert agent.stop() == 0
            assert_no_gap(aggregator, "patient", before + 5)
            assert agent.token not in agent.log()
    finally:
        aggregator.close()
        servers.close()


def test_token_is_in_nobodys_command_line_and_log(fleet):
    for process in psutil.process_iter(["name", "cmdline"]):
        if process.info["name"] in ("chorus-agent", "chorus-aggregator"):
            assert "chr_" not in " ".join(process.info["cmdline"] or [])
    assert not [line for line in fleet.log if "chr_" in line]


def test_agent_ends_at_sigterm_with_what_it_has(aggregator):
    with Agent(aggregator, "leaving") as agent:
        wait_until(lambda: batches(aggregator, "leaving") >= 2, 30, "two batches")
        assert agent.stop(signal.SIGTERM, seconds=10) == 0
        collected = agent.log().count('event":"Metrics collection completed')
    assert_no_gap(aggregator, "leaving", collected)


def test_state_directory_is_private(aggregator):
    agent = Agent(aggregator, "private")
    assert agent.run("--once").returncode == 0
    state = agent.environment["CHORUS_SPOOL_DIR"]
    assert os.stat(state).st_mode & 0o077 == 0
    for name in os.listdir(state):
        assert os.stat(os.path.join(state, name)).st_mode & 0o077 == 0
