"""What the agent tells of itself on the loopback address."""

import json
import os
import re
import socket
from http.client import HTTPConnection

import pytest
from chorus_harness import Agent, Aggregator, free_port, wait_until


def get(port, path, method="GET", **headers):
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response.status, body


@pytest.fixture(scope="module")
def served():
    port = free_port()
    with Aggregator() as aggregator, Agent(aggregator, "status-01", environment={
            "CHORUS_STATUS_PORT": str(port)}):
        wait_until(lambda: int(aggregator.sql(
            "SELECT count(*) FROM monitoring.system_batches")[0][0]) >= 2, 30, "two batches")
        yield port


def test_metrics_have_prometheus_form(served):
    wait_until(lambda: 'push_total{code="200"}' in get(served, "/metrics")[1], 20, "a push")
    status, text = get(served, "/metrics")
    assert status == 200
    values = {}
    for line in text.splitlines():
        assert line.startswith("#") or re.match(r"^[a-z_:]+(\{.*\})? [-+0-9.eNaInf]+$", line), line
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            values[name] = float(value)
    assert values["chorus_agent_collections_total"] >= 2
    assert values["chorus_agent_processes"] > 1
    assert values['chorus_agent_push_total{code="200"}'] >= 1
    assert values["chorus_agent_last_success_timestamp_seconds"] > 1.7e9
    assert values['chorus_agent_dropped_batches_total{reason="full"}'] == 0
    assert values["process_resident_memory_bytes"] > 1e6
    assert "chorus_agent_collection_duration_seconds_bucket" in text
    assert "chorus_agent_build_info" in text


def test_a_status_port_in_use_is_told_with_who_has_it(served):
    with Aggregator() as aggregator, Agent(aggregator, "status-02", environment={
            "CHORUS_STATUS_PORT": str(served)}) as agent:
        told = wait_until(lambda: [line for line in agent.log().splitlines()
                                   if "No status is served" in line], 30, "the log line")
        assert f"port {served} is in use by chorus-agent (process " in told[0]
        assert "--status-port" in told[0]


def test_status_says_how_it_goes(served):
    status = json.loads(get(served, "/status?x=1")[1])
    assert status["hostname"] == "status-01" and status["status"] == "healthy"
    assert status["last_answer"] == 200 and status["batches_stored"] >= 1
    assert status["last_collection"] and status["batches_dropped"] == 0
    assert get(served, "/health") == (200, "ok\n")


def test_others_are_refused(served):
    assert get(served, "/")[0] == 404
    assert get(served, "/metrics", "POST")[0] == 405
    # A page of another site whose name leads to this machine.
    assert get(served, "/status", Host="evil.example:1")[0] == 421
    assert get(served, "/status", Host=f"localhost:{served}")[0] == 200


def test_slow_and_endless_requests_are_cut(served):
    with socket.create_connection(("127.0.0.1", served), timeout=20) as slow:
        slow.sendall(b"GET /status HTTP/1.1\r\n")
        assert slow.recv(100) == b"", "closed without an answer"
    with socket.create_connection(("127.0.0.1", served), timeout=20) as endless:
        try:
            for _ in range(100):
                endless.sendall(b"X: " + b"y" * 1_000 + b"\r\n")
            assert endless.recv(100) == b""
        except OSError:
            pass
    assert get(served, "/health")[0] == 200


def test_without_the_setting_nothing_listens():
    with Aggregator() as aggregator, Agent(aggregator, "status-02") as agent:
        wait_until(lambda: "Metrics collection completed" in agent.log(), 20, "a collection")
        listening = {line.split()[9] for path in ("tcp", "tcp6")
                     for line in open(f"/proc/net/{path}").readlines()[1:]
                     if line.split()[3] == "0A"}
        own = {os.readlink(f"/proc/{agent.process.pid}/fd/{fd}")
               for fd in os.listdir(f"/proc/{agent.process.pid}/fd")}
        assert not any(f"socket:[{inode}]" in own for inode in listening)


def test_a_taken_port_does_not_stop_the_agent():
    with socket.create_server(("127.0.0.1", 0)) as taken, Aggregator() as aggregator, \
            Agent(aggregator, "status-03", environment={
                "CHORUS_STATUS_PORT": str(taken.getsockname()[1])}) as agent:
        wait_until(lambda: "No status is served" in agent.log(), 20, "the reason in the log")
        wait_until(lambda: int(aggregator.sql(
            "SELECT count(*) FROM monitoring.system_batches")[0][0]) >= 2, 30, "two batches")
