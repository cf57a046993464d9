"""Hosts whose clocks are wrong by more than is kept, as libfaketime shows them to the agent."""

import glob
import http.server
import json
import os
import re
import threading

import pytest
from chorus_harness import Agent, Aggregator, free_port, http_get, wait_until

LIBRARY = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")


@pytest.fixture(scope="module")
def aggregator():
    with Aggregator(environment={"ALERT_CHECK_INTERVAL": "10"}) as server:
        yield server


@pytest.fixture
def wrong_clock():
    assert LIBRARY, "the Debian package faketime is missing; see packaging/dependencies"
    return lambda time: {"LD_PRELOAD": LIBRARY[0], "FAKETIME": time,
                         "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                         # The library comes before the sanitizer's, which it does not mind.
                         "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")
                         + ":verify_asan_link_order=0"}


CLOCKS = {"no-clock-1970": "@1970-01-01 00:01:00", "flat-battery": "-400d",
          "far-ahead-2099": "@2099-06-01 12:00:00"}


@pytest.mark.parametrize("hostname", CLOCKS)
def test_a_host_whose_clock_is_far_off_is_registered_stored_and_alerted(
        aggregator, wrong_clock, hostname):
    with Agent(aggregator, hostname, environment=wrong_clock(CLOCKS[hostname])) as agent:
        host = wait_until(lambda: next(
            (host for host in aggregator.get("/api/v1/hosts").json
             if host["hostname"] == hostname), None), 30, "the host")
        assert host["status"] == "up"
        assert host["timed_by_receipt"] is True
        assert abs(host["clock_skew_ms"]) > 300 * 86_400_000

        # Stored by the time of receipt, and the present is shown.
        rows = wait_until(lambda: aggregator.sql(
            "SELECT count(*), bool_and(abs(extract(epoch FROM received_at - ts)) < 30)"
            " FROM monitoring.system_batches JOIN monitoring.hosts USING (host_id)"
            f" WHERE hostname = '{hostname}' HAVING count(*) >= 2"), 30, "two batches")
        assert rows[0][1] == "t"
        latest = aggregator.get(f"/api/v1/metrics/latest/{hostname}")
        assert latest.status == 200, latest.body

        alert = wait_until(lambda: next(
            (alert for alert in aggregator.get("/api/v1/alerts").json
             if alert["title"] == f"The clock of {hostname} is wrong"), None), 60, "an alert")
        assert alert["status"] == "active"

        # The host's own operator is told, too.
        wait_until(lambda: "clock_out_of_range" in agent.log(), 20, "a line in the agent's log")
        status = agent.run("status")
        assert status.returncode == 69
        assert re.search(r"^BAD  clock ", status.stdout, re.M), status.stdout
        assert re.search(r"^BAD  delivery .*clock_out_of_range", status.stdout, re.M), status.stdout
        once = agent.run("--once")
        assert once.returncode == 0, once.stderr


def test_a_clock_that_is_right_is_said_to_be(aggregator):
    with Agent(aggregator, "right") as agent:
        wait_until(lambda: "right" in [
            host["hostname"] for host in aggregator.get("/api/v1/hosts").json], 30, "the host")
        status = agent.run("status")
        assert status.returncode == 0, status.stdout
        assert re.search(r"^ok   clock ", status.stdout, re.M), status.stdout
        assert "delivery" not in status.stdout


class NothingKept(http.server.BaseHTTPRequestHandler):
    """An aggregator that keeps nothing of the times it is sent."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'{"accepted":{"system_metrics":0,"process_metrics":0},"expired":true}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def nothing_kept():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), NothingKept) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_an_answer_of_200_that_stores_nothing_is_told(aggregator, nothing_kept):
    port = free_port()
    agent = Agent(aggregator, "expired", environment={
        "CHORUS_AGGREGATOR_URL": nothing_kept, "CHORUS_STATUS_PORT": str(port)})
    once = agent.run("--once")
    assert once.returncode == 69
    assert "stored nothing" in once.stderr
    with agent:
        wait_until(lambda: "stored nothing" in agent.log(), 20, "a line in the log")
        wait_until(lambda: re.search(
            r'^chorus_agent_dropped_batches_total\{reason="expired"\} [1-9]',
            http_get(port, "/metrics").body.decode(), re.M), 20, "a count")
        shown = http_get(port, "/status").json
        assert shown["status"] == "not_stored"
        assert shown["batches_stored"] == 0 and shown["batches_expired"] > 0
        status = agent.run("status")
        assert status.returncode == 69
        assert re.search(r"^BAD  delivery .*not stored", status.stdout, re.M), status.stdout
        agent.stop()
        stopped = next(json.loads(line) for line in agent.log().splitlines()
                       if '"Agent stopped"' in line)
        assert stopped["batches_stored"] == 0 and stopped["batches_expired"] > 0
