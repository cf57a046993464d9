"""GET /api/v1/stream: what happens on hosts, as it happens; and POST /metrics/collect."""

import json
import socket
import time
import uuid

import pytest

from batch_maker import BatchMaker
from chorus_harness import Aggregator, wait_until
from event_stream import EventStream


def is_event(name, hostname):
    return lambda event: event["name"] == name and event["data"].get("hostname") == hostname


def raise_alert(aggregator, **changes):
    body = {"alert_type": "test", "severity": "high", "source": "test:" + str(uuid.uuid4()),
            "title": "Something <b>happened</b>", **changes}
    answer = aggregator.request("POST", "/api/v1/alerts", json.dumps(body),
                                {"Content-Type": "application/json"}, aggregator.operator)
    assert answer.status == 201, answer.body
    return answer.json


@pytest.fixture(scope="module")
def aggregator():
    with Aggregator() as running:
        running.operator = running.token("operator")
        running.agent_token = running.token()
        yield running


def test_the_head_is_that_of_a_stream(aggregator):
    with EventStream(aggregator.port) as stream:
        assert stream.status == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        assert stream.headers["x-accel-buffering"] == "no"
        assert "content-length" not in stream.headers
        wait_until(lambda: "retry 3000" in stream.comments, what="retry")
    head = aggregator.request("HEAD", "/api/v1/stream")
    assert head.status == 200 and head.headers["content-type"].startswith("text/event-stream")


def test_a_stored_batch_is_told_of_with_its_figures(aggregator):
    with EventStream(aggregator.port) as stream:
        wait_until(lambda: stream.comments, what="the begin of the stream")
        batch = BatchMaker("live-01")
        sent = batch.make()
        assert aggregator.ingest(sent, aggregator.agent_token).status == 200
        overview = stream.wait(is_event("overview", "live-01"))["data"]
        assert overview == aggregator.get("/api/v1/system/overview?hostname=live-01").json
        metrics = stream.wait(is_event("metrics", "live-01"))["data"]
        assert metrics["metrics"]["cpu_usage_percent"] == {"value": 12.5, "unit": "percent"}
        assert metrics["timestamp"].endswith("Z")
        ids = [event["id"] for event in stream.events]
        assert ids == sorted(set(ids))


def test_a_filter_lets_only_one_host_through(aggregator):
    with EventStream(aggregator.port, "/api/v1/stream?hostname=live-b") as stream, \
            EventStream(aggregator.port) as everything:
        wait_until(lambda: stream.comments and everything.comments, what="both streams")
        for hostname in ("live-a", "live-b"):
            assert aggregator.ingest(BatchMaker(hostname).make(),
                                     aggregator.token(name=hostname)).status == 200
            everything.wait(is_event("metrics", hostname))
        stream.wait(is_event("metrics", "live-b"))
        assert {event["data"]["hostname"] for event in stream.events} == {"live-b"}
    assert aggregator.get("/api/v1/stream?hostname=a%2Fb").status == 422


@pytest.mark.parametrize("role", ["viewer", "agent"])
def test_a_stream_ends_when_its_token_is_revoked(aggregator, role):
    admin = aggregator.token("admin")
    made = aggregator.request("POST", "/api/v1/tokens", json.dumps({"name": "x", "role": role}),
                              {"Content-Type": "application/json"}, admin).json
    path = "/api/v1/stream" if role == "viewer" else "/api/v1/agents/stream"
    who = {"X-Chorus-Agent": str(uuid.uuid4())} if role == "agent" else {}
    with EventStream(aggregator.port, path, token=made["token"], headers=who) as stream, \
            EventStream(aggregator.port, token=admin) as other:
        wait_until(lambda: stream.comments and other.comments, what="both streams")
        gone = aggregator.request("DELETE", f"/api/v1/tokens/{made['id']}", token=admin)
        assert gone.status == 200
        wait_until(stream.ended.is_set, what="the end of the stream")
        assert not other.ended.is_set()


def test_changes_of_an_alert_are_told_of(aggregator):
    with EventStream(aggregator.port) as stream:
        wait_until(lambda: stream.comments, what="the begin of the stream")
        alert = raise_alert(aggregator, alert_metadata={"hostname": "live-01"})
        created = stream.wait(lambda e: e["name"] == "alert" and e["data"]["id"] == alert["id"])
        assert created["data"]["event"] == "created"
        assert created["data"]["title"] == alert["title"]
        changed = aggregator.request("PATCH", "/api/v1/alerts/" + alert["id"],
                                     json.dumps({"status": "resolved"}),
                                     {"Content-Type": "application/json"}, aggregator.operator)
        assert changed.status == 200
        stream.wait(lambda e: e["name"] == "alert" and e["data"]["id"] == alert["id"]
                    and e["data"]["event"] == "resolved")


def test_an_alert_raised_at_another_aggregator_is_told_of_here(aggregator):
    with Aggregator(database_url=aggregator.database_url,
                    redis_url=aggregator.redis_url) as other, \
            EventStream(aggregator.port) as stream:
        wait_until(lambda: stream.comments, what="the begin of the stream")
        other.operator = aggregator.operator
        alert = raise_alert(other)
        stream.wait(lambda e: e["name"] == "alert" and e["data"]["id"] == alert["id"])


def test_who_comes_back_gets_what_was_missed(aggregator):
    with EventStream(aggregator.port) as stream:
        wait_until(lambda: stream.comments, what="the begin of the stream")
        first = raise_alert(aggregator)
        last_id = stream.wait(
            lambda e: e["name"] == "alert" and e["data"]["id"] == first["id"])["id"]
    missed = [raise_alert(aggregator)["id"] for _ in range(3)]
    with EventStream(aggregator.port, headers={"Last-Event-ID": str(last_id)}) as again:
        again.wait(lambda e: e["name"] == "alert" and e["data"]["id"] == missed[-1])
        assert [e["data"]["id"] for e in again.events if e["name"] == "alert"] == missed


@pytest.mark.parametrize("last", ["-1", "99999999999999999", "abc", "1e3", ""])
def test_an_id_that_was_never_given_begins_now(aggregator, last):
    raise_alert(aggregator)
    with EventStream(aggregator.port, headers={"Last-Event-ID": last}) as stream:
        assert stream.status == 200
        wait_until(lambda: stream.comments, what="the begin of the stream")
        alert = raise_alert(aggregator)
        stream.wait(lambda e: e["name"] == "alert" and e["data"]["id"] == alert["id"])


def test_rights(aggregator):
    assert EventStream(aggregator.port, token=aggregator.agent_token).status == 403
    assert EventStream(aggregator.port, token="wrong").status == 401
    assert aggregator.request("POST", "/api/v1/metrics/collect").status == 401
    assert aggregator.request("GET", "/api/v1/agents/stream", token=aggregator.operator).status == 403


def test_the_65th_client_is_told_to_come_later(fresh):
    streams = [EventStream(fresh.port) for _ in range(64)]
    try:
        assert all(stream.status == 200 for stream in streams)
        refused = EventStream(fresh.port)
        assert refused.status == 503 and refused.headers["retry-after"] == "10"
        assert json.loads(refused.body)["code"] == "too_many_streams"
        assert 'chorus_aggregator_sse_clients{kind="viewer"} 64' in \
            fresh.get("/metrics").body.decode()
        assert fresh.get("/health").status == 200
        streams.pop().close()

        def let_in():
            stream = EventStream(fresh.port)
            streams.append(stream)
            return stream.status == 200
        wait_until(let_in, what="a free place")
    finally:
        for stream in streams:
            stream.close()


def test_a_client_that_does_not_read_delays_nobody(aggregator):
    stalled = socket.create_connection(("127.0.0.1", aggregator.port))
    stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stalled.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
    maker = BatchMaker("live-wide")
    token = aggregator.token(name="wide")
    wide = {f"made_up_{i}": (i, "count") for i in range(3000)}  # above 100 kB an event
    with stalled, EventStream(aggregator.port) as stream:
        wait_until(lambda: stream.comments, what="the begin of the stream")
        for number in range(30):
            answer = aggregator.ingest(maker.make(metrics={**wide, "cpu_usage_percent":
                                                           (number, "percent")}), token)
            assert answer.status == 200, answer.body
            stream.wait(lambda e, n=number: is_event("metrics", "live-wide")(e) and
                        e["data"]["metrics"]["cpu_usage_percent"]["value"] == n)


def test_streams_end_with_the_program_and_ids_grow_over_a_restart(fresh):
    operator = fresh.token("operator")
    fresh.operator = operator

    def id_of_an_alert():
        with EventStream(fresh.port) as stream:
            wait_until(lambda: stream.comments, what="the begin of the stream")
            alert = raise_alert(fresh)
            return stream.wait(lambda e: e["name"] == "alert"
                               and e["data"]["id"] == alert["id"])["id"]
    before = id_of_an_alert()
    stream = EventStream(fresh.port)
    assert fresh.stop() == 0
    assert stream.ended.wait(10)
    fresh.start()
    assert id_of_an_alert() > before
    fresh.kill()
    fresh.start()
    with EventStream(fresh.port, headers={"Last-Event-ID": str(before)}) as again:
        assert again.status == 200


def test_a_host_that_is_new_is_told_of(aggregator):
    with EventStream(aggregator.port) as stream:
        # Hosts are compared every few seconds, and the first look has nothing to compare with.
        deadline = time.monotonic() + 30
        while not (told := [e["data"] for e in stream.events if e["name"] == "host"]):
            assert time.monotonic() < deadline, "no host was told of"
            hostname = "new-" + uuid.uuid4().hex[:8]
            assert aggregator.ingest(BatchMaker(hostname).make(),
                                     aggregator.token(name=hostname)).status == 200
        assert told[0]["hostname"].startswith("new-") and told[0]["status"] == "up"


# The stream of agents, by a client that is no agent.

def agent_stream(aggregator, token, agent_id=None):
    headers = {"X-Chorus-Agent": agent_id} if agent_id else {}
    return EventStream(aggregator.port, "/api/v1/agents/stream", token, headers, version="1.0")


def test_collect_asks_every_agent_that_listens(fresh):
    operator = fresh.token("operator")
    makers = [BatchMaker("a"), BatchMaker("b")]
    streams = []
    for maker in makers:
        token = fresh.token(name=maker.hostname)
        assert fresh.ingest(maker.make(), token).status == 200
        streams.append(agent_stream(fresh, token, maker.agent_id))
        assert streams[-1].status == 200
        assert streams[-1].wait(lambda e: e["name"] == "config")["data"] == \
            {"interval_seconds": None}
    answer = fresh.request("POST", "/api/v1/metrics/collect", token=operator)
    assert answer.status == 202
    assert answer.json == {"message": "Metrics collection started",
                           "timestamp": answer.json["timestamp"], "hosts": 2}
    for stream in streams:
        assert stream.wait(lambda e: e["name"] == "collect_now")["data"] == \
            {"collect_processes": True}
    answer = fresh.request("POST", "/api/v1/metrics/collect?hostname=b&collect_processes=no",
                           token=operator)
    assert answer.json["hosts"] == 1
    streams[1].wait(lambda e: e["data"] == {"collect_processes": False})
    assert all(e["data"] != {"collect_processes": False} for e in streams[0].events)
    collect = "/api/v1/metrics/collect?"
    assert fresh.request("POST", collect + "hostname=nowhere", token=operator).status == 404
    bad = fresh.request("POST", collect + "collect_processes=maybe", token=operator)
    assert bad.status == 422 and bad.faults() == [("bool_parsing", ["query", "collect_processes"])]
    rows = fresh.sql("SELECT count(*) FROM monitoring.audit WHERE action = 'metrics.collect'")
    assert rows == [["2"]]
    for stream in streams:
        stream.close()


def test_the_eleventh_collect_in_a_minute_is_refused(fresh):
    operator = fresh.token("operator")
    statuses = [fresh.request("POST", "/api/v1/metrics/collect", token=operator).status
                for _ in range(11)]
    assert statuses == [202] * 10 + [429]
    refused = fresh.request("POST", "/api/v1/metrics/collect", token=operator)
    assert refused.json["code"] == "rate_limited"
    assert 1 <= int(refused.headers["retry-after"]) <= 60


def test_an_agent_has_one_stream_and_a_token_one_agent(fresh):
    token = fresh.token()
    unknown = agent_stream(fresh, token)
    assert unknown.status == 409 and json.loads(unknown.body)["code"] == "agent_unknown"
    agent = str(uuid.uuid4())
    first = agent_stream(fresh, token, agent)
    assert first.status == 200
    first.wait(lambda e: e["name"] == "config")
    second = agent_stream(fresh, token, agent)
    second.wait(lambda e: e["name"] == "config")
    assert first.ended.wait(10)
    stranger = agent_stream(fresh, token, str(uuid.uuid4()))
    assert stranger.status == 403 and json.loads(stranger.body)["code"] == "agent_mismatch"
    other = BatchMaker("x")  # the token belongs to the agent of the stream now
    assert fresh.ingest(other.make(), token).status == 403
    second.close()


def test_streams_hold_no_thread(fresh):
    def threads():
        with open(f"/proc/{fresh.process.pid}/status", encoding="ascii") as status:
            return int(next(line for line in status if line.startswith("Threads:")).split()[1])
    before = threads()
    streams = [EventStream(fresh.port) for _ in range(60)]
    wait_until(lambda: threads() <= before + 20, 30, "threads given back")
    for stream in streams:
        stream.close()
