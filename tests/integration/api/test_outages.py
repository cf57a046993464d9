"""PostgreSQL and Redis may be away at start and vanish at any time."""

import time

import pytest

from batch_maker import BatchMaker
from chorus_harness import Aggregator, PrivateServers, redis_cli, wait_until


@pytest.fixture
def servers():
    private = PrivateServers()
    yield private
    private.close()


@pytest.fixture
def watched(servers):
    aggregator = Aggregator(database_url=servers.database_url, redis_url=servers.redis_url)
    yield aggregator
    aggregator.close()


def test_without_postgres_metrics_are_told_to_whom_was_let_in_lately(servers, watched):
    watched.environment["CHORUS_ANONYMOUS_ROLE"] = "none"
    watched.start(wait_ready=False)
    wait_until(lambda: watched.get("/ready").status == 200, 60, "/ready")
    known, unused, revoked = (watched.token("viewer") for _ in range(3))
    admin = watched.token("admin")
    for token in (known, revoked, admin):
        assert watched.get("/metrics", token=token).status == 200
    ids = {t["id"] for t in watched.get("/api/v1/tokens", token=admin).json}
    assert watched.request("DELETE", f"/api/v1/tokens/{sorted(ids)[2]}", token=admin).status == 200
    servers.call("stop_postgres", "immediate")
    answer = wait_until(lambda: watched.get("/ready").status == 503 and
                        watched.get("/metrics", token=known), what="the outage")
    assert answer.status == 200 and b"chorus_aggregator_" in answer.body
    assert watched.get("/metrics", token=revoked).status == 401
    assert watched.get("/metrics", token=unused).status == 503
    wait_until(lambda: watched.get("/api/v1/metric-types", token=known).status == 503,
               what="the end of what is known for a second")


def test_without_postgres_ingest_answers_503_and_resumes_by_itself(servers, watched):
    watched.start()
    token, maker = watched.token(), BatchMaker("outage")
    assert watched.ingest(maker.make(), token).status == 200
    servers.call("stop_postgres", "immediate")
    lost = maker.make()
    answer = watched.ingest(lost, token)
    assert answer.status == 503 and int(answer.headers["retry-after"]) > 0
    assert answer.json["code"] == "storage_unavailable"
    assert b"/run" not in answer.body and b"postgres" not in answer.body.lower()
    ready = watched.get("/ready")
    assert ready.status == 503 and ready.json["status"] == "unavailable"
    assert watched.get("/health").status == 200
    assert watched.get("/api/v1/hosts").status == 503
    assert watched.get("/status").json["status"] == "error"
    servers.call("start_postgres")
    wait_until(lambda: watched.ingest(lost, token).status == 200, 30, "ingest after the outage")
    assert watched.sql("SELECT count(*) FROM monitoring.system_batches") == [["2"]]


def test_without_postgres_at_start_everything_comes_up_later(servers, watched):
    servers.call("stop_postgres")
    watched.start(wait_ready=False)
    assert watched.get("/ready").status == 503
    assert watched.get("/metrics").status == 200
    servers.call("start_postgres")
    wait_until(lambda: watched.get("/ready").status == 200, 30, "/ready")
    wait_until(lambda: watched.get("/api/v1/hosts").status == 200, 30, "the schema")
    assert watched.ingest(BatchMaker().make(), watched.token()).status == 200


def test_without_redis_everything_answers_from_postgres(servers, watched):
    servers.call("stop_redis")
    watched.start()
    token, maker = watched.token(), BatchMaker("no-cache")
    assert watched.ingest(maker.make(), token).status == 200
    ready = watched.get("/ready")
    assert (ready.status, ready.json["status"]) == (200, "degraded")
    latest = watched.get("/api/v1/metrics/latest/no-cache")
    assert latest.headers["x-cache"] == "bypass"
    assert latest.json["metrics"]["cpu_usage_percent"]["value"] == 12.5
    overview = watched.get("/api/v1/system/overview?hostname=no-cache").json
    assert overview["cpu_usage"] == 12.5
    everything = watched.get("/api/v1/dashboard/overview").json
    assert everything["system_health"]["no-cache"]["memory_usage"] == 40.25

    servers.call("start_redis")
    wait_until(lambda: watched.ingest(maker.make(), token).status == 200
               and redis_cli("EXISTS", "health:no-cache", url=servers.redis_url) == "1",
               30, "the cache to be written again")
    wait_until(lambda: watched.get("/api/v1/metrics/latest/no-cache").headers["x-cache"] == "hit",
               10, "a cache hit")


def test_hanging_redis_delays_nobody(servers, watched):
    watched.start()
    token, maker = watched.token(), BatchMaker("hang")
    assert watched.ingest(maker.make(), token).status == 200
    redis_cli("CLIENT", "PAUSE", "8000", "ALL", url=servers.redis_url)
    began = time.monotonic()
    for _ in range(20):
        assert watched.ingest(maker.make(), token).status == 200
        assert watched.get("/api/v1/metrics/latest/hang").status == 200
    # Far below the pause: each call may cost one short timeout at most.
    assert time.monotonic() - began < 6


def test_killed_and_restarted_aggregator_knows_what_it_stored(servers, watched):
    watched.start()
    token, maker = watched.token(), BatchMaker("again")
    batch = maker.make()
    assert watched.ingest(batch, token).json["duplicate"] is False
    watched.kill()
    watched.start()
    answer = watched.ingest(batch, token)
    assert answer.status == 200 and answer.json["duplicate"] is True
    assert watched.sql("SELECT count(*) FROM monitoring.system_batches") == [["1"]]
