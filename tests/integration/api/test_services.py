"""Service checks through the whole program: config, rounds, storage, cache, alerts, API."""

import http.server
import json
import socket
import threading

import pytest

from batch_maker import BatchMaker
from chorus_harness import Aggregator, PrivateServers, redis_cli, wait_until


class Service:
    """An HTTP service whose answer tests change: a status code, or None to hang."""

    def __init__(self, status=200):
        self.status = status
        self.requests = 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests += 1
                if outer.status is None:
                    outer.released.wait(30)
                    return
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.released = threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/health"

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def service():
    one = Service()
    yield one
    one.close()


@pytest.fixture
def own_servers():
    private = PrivateServers()
    yield private
    private.close()


def watching(services, interval=1, servers=None):
    """An aggregator that checks these; on the shared servers unless told otherwise."""
    return Aggregator({"SERVICE_ENDPOINTS": json.dumps(services),
                       "HEALTH_CHECK_INTERVAL": str(interval)},
                      servers and servers.database_url, servers and servers.redis_url)


def health(aggregator):
    answer = aggregator.get("/api/v1/system/health")
    assert answer.status == 200
    return {row["service_name"]: row for row in answer.json}


def status_is(aggregator, name, status):
    return lambda: health(aggregator)[name]["status"] == status


def probe_alerts(aggregator, columns="severity, status, occurrences"):
    return aggregator.sql(f"SELECT {columns} FROM monitoring.alerts WHERE alert_type = "
                          "'service_health' AND rule_id IS NULL ORDER BY created_at")


def test_health_lists_services_in_the_order_of_the_configuration_and_unknown_first(service):
    services = {"zeta": service.url, "alpha": "http://user:secret@127.0.0.1:9/",
                "db": f"tcp://127.0.0.1:{service.server.server_port}"}
    with watching(services, interval=3600) as aggregator:
        wait_until(status_is(aggregator, "zeta", "healthy"))
        rows = aggregator.get("/api/v1/system/health").json
        assert [row["service_name"] for row in rows] == ["zeta", "alpha", "db"]
        assert list(rows[0]) == ["service_name", "endpoint", "status", "response_time_ms",
                                 "last_checked", "error_message"]
        assert rows[0]["endpoint"] == service.url and rows[0]["error_message"] is None
        assert isinstance(rows[0]["response_time_ms"], int)
        assert rows[1]["status"] == "unhealthy"
        assert rows[1]["error_message"] == "Connection refused"
        assert rows[1]["endpoint"] == "http://***@127.0.0.1:9/"
        assert rows[2]["status"] == "healthy"
        # Reading checks nothing and raises nothing.
        before = service.requests, probe_alerts(aggregator)
        for path in ("/api/v1/system/health", "/api/v1/services", "/api/v1/dashboard/overview"):
            for _ in range(5):
                assert aggregator.get(path).status == 200
        assert (service.requests, probe_alerts(aggregator)) == before
        assert "secret" not in "\n".join(aggregator.log)
        # Another URL under a known name is another service until it is checked.
        aggregator.stop()
        aggregator.environment["SERVICE_ENDPOINTS"] = json.dumps({"new": "tcp://127.0.0.1:9"})
        aggregator.start()
        assert list(health(aggregator)) == ["new"]


def test_a_down_service_makes_one_alert_that_ends_with_it(service):
    service.status = 503
    with watching({"web": service.url}) as aggregator:
        wait_until(lambda: service.requests >= 3)
        wait_until(lambda: [row[2] >= "3" for row in probe_alerts(aggregator)] == [True])
        (row,) = probe_alerts(aggregator, "severity, status, title, source, alert_metadata")
        assert row[:4] == ["critical", "active", "Service web Health Alert", "service:web"]
        metadata = json.loads(row[4])
        assert metadata.pop("response_time_ms") >= 0
        assert metadata == {"service_name": "web", "status": "unhealthy",
                            "error_message": "HTTP 503", "auto_generated": True}
        row = health(aggregator)["web"]
        assert row["status"] == "unhealthy" and row["error_message"] == "HTTP 503"
        service.status = 200
        wait_until(lambda: probe_alerts(aggregator, "status, resolved_by") == [["resolved", "auto"]])
        service.status = 503
        wait_until(lambda: len(probe_alerts(aggregator)) == 2)
        # A service that is no longer checked keeps no alert open.
        aggregator.stop()
        aggregator.environment["SERVICE_ENDPOINTS"] = json.dumps(
            {"other": f"tcp://127.0.0.1:{service.server.server_port}"})
        aggregator.start()
        wait_until(lambda: {row[1] for row in probe_alerts(aggregator)} == {"resolved"})


def test_a_service_that_hangs_is_a_timeout_of_high_severity(service):
    service.status = None
    with watching({"slow": {"url": service.url, "timeout_seconds": 1, "interval": 2}}) as aggregator:
        wait_until(status_is(aggregator, "slow", "timeout"))
        row = health(aggregator)["slow"]
        assert row["error_message"] == "Request timeout" and row["response_time_ms"] is None
        wait_until(lambda: probe_alerts(aggregator, "severity") == [["high"]])


def add_rule(aggregator, name, condition):
    body = {"name": name, "rule_type": "service_health", "condition": condition, "severity": "low"}
    answer = aggregator.request("POST", "/api/v1/alert-rules", json.dumps(body),
                                {"Content-Type": "application/json"},
                                aggregator.token("operator"))
    assert answer.status == 201, answer.body


def test_a_rule_for_the_service_takes_the_place_of_the_alert_without_rule(service):
    service.status = 500
    with watching({"chat-service": service.url}) as aggregator:
        wait_until(lambda: len(probe_alerts(aggregator)) == 1)
        add_rule(aggregator, "slow", {"service_name": "*", "fault": "slow"})
        seen = service.requests
        wait_until(lambda: service.requests > seen + 2)
        assert probe_alerts(aggregator, "status") == [["active"]]
        add_rule(aggregator, "Chat Service Down",
                 {"service_name": "chat-service", "max_response_time_ms": 5000})
        wait_until(lambda: probe_alerts(aggregator, "status") == [["resolved"]])
        seen = service.requests
        wait_until(lambda: service.requests > seen + 2)
        assert len(probe_alerts(aggregator)) == 1


def test_redis_holds_the_health_of_each_service_for_three_intervals(service):
    with watching({"web": service.url}, interval=20) as aggregator:
        wait_until(status_is(aggregator, "web", "healthy"))
        value = json.loads(redis_cli("GET", "service_health:web", url=aggregator.redis_url))
        assert value == health(aggregator)["web"]
        assert int(redis_cli("TTL", "service_health:web", url=aggregator.redis_url)) >= 55


def test_services_tell_uptime_the_last_checks_and_a_series(service):
    with watching({"web": service.url, "down": "tcp://127.0.0.1:9"}) as aggregator:
        wait_until(lambda: service.requests >= 3)
        wait_until(lambda: len(aggregator.get("/api/v1/services").json[0]["recent"]) >= 3)
        web, down = aggregator.get("/api/v1/services?recent=2").json
        assert web["uptime_24h_percent"] == web["uptime_30d_percent"] == 100
        assert down["uptime_7d_percent"] == 0
        assert web["type"] == "http" and down["type"] == "tcp"
        assert len(web["recent"]) == 2
        assert web["recent"][0]["timestamp"] < web["recent"][1]["timestamp"]
        answer = aggregator.get("/api/v1/services/web/history?hours=1&max_points=60").json
        assert answer["step_seconds"] == 60
        assert sum(answer["check_count"]) >= 3 and set(answer["uptime_percent"]) == {100}
        assert len(answer["t"]) == len(answer["response_time_ms"]["max"])
        assert {c["status"] for c in answer["checks"]} == {"healthy"}
        limited = aggregator.get("/api/v1/services/down/history?limit=1").json["checks"]
        assert [c["error_message"] for c in limited] == ["Connection refused"]
        month = aggregator.get("/api/v1/services/down/history?hours=720&max_points=10").json
        assert month["step_seconds"] >= 3600 and set(month["uptime_percent"]) == {0}
        assert set(month["response_time_ms"]["avg"]) == {None}
        rows = aggregator.sql("SELECT service_name, status, count(*) FROM "
                              "monitoring.service_health_history GROUP BY 1, 2 ORDER BY 1")
        assert [row[:2] for row in rows] == [["down", "unhealthy"], ["web", "healthy"]]
        overview = aggregator.get("/api/v1/dashboard/overview").json
        assert overview["healthy_services"] == 1 and overview["total_services"] == 2
        assert [s["service_name"] for s in overview["service_health"]] == ["web", "down"]
        metrics = aggregator.get("/metrics").body.decode()
        assert 'chorus_aggregator_service_up{service="web"} 1' in metrics
        assert 'chorus_aggregator_service_up{service="down"} 0' in metrics
        tasks = aggregator.get("/status").json["background_tasks"]["tasks"]
        assert [t["last_error"] for t in tasks if t["name"] == "health_checks"] == [None]
        assert any('"Service health check completed"' in line and '"services_checked":2' in line
                   and '"healthy_services":1' in line and '"unhealthy_services":1' in line
                   for line in aggregator.log)


def test_bad_parameters_and_methods_are_refused(service):
    with watching({"web": service.url}) as aggregator:
        for query, fault in (("hours=0", "greater_than_equal"), ("hours=x", "int_parsing"),
                             ("max_points=1000000000", "less_than_equal")):
            answer = aggregator.get("/api/v1/services/web/history?" + query)
            assert answer.status == 422 and answer.faults()[0][0] == fault
        answer = aggregator.get("/api/v1/services/nobody/history")
        assert answer.status == 404 and answer.json["detail"] == "Service not found"
        for path, status in (("/api/v1/system/health", 200), ("/api/v1/services", 422)):
            assert aggregator.get(path + "?nonsense=1").status == status
            answer = aggregator.request("POST", path, b"")
            assert answer.status == 405 and "GET" in answer.headers["allow"]


def test_sigterm_does_not_wait_for_a_check_that_hangs():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        aggregator = watching({"hang": {"url": url, "timeout_seconds": 60}}, interval=60).start()
        try:
            silent.accept()
            assert aggregator.stop(seconds=20) == 0
        finally:
            aggregator.close()


def test_rounds_go_on_without_redis_and_after_postgresql_was_away(own_servers, service):
    servers = own_servers
    aggregator = watching({"web": service.url}, servers=servers).start()
    try:
        wait_until(status_is(aggregator, "web", "healthy"))
        servers.call("stop_redis")
        seen = health(aggregator)["web"]["last_checked"]
        wait_until(lambda: health(aggregator)["web"]["last_checked"] > seen)
        servers.call("stop_postgres")
        answer = wait_until(lambda: (a := aggregator.get("/api/v1/system/health")).status == 503
                            and a)
        assert answer.headers["retry-after"]
        servers.call("start_postgres")
        wait_until(lambda: aggregator.get("/api/v1/system/health").status == 200)
        wait_until(lambda: health(aggregator)["web"]["last_checked"] > seen, 40)
    finally:
        aggregator.close()


@pytest.mark.parametrize("value", [
    '{"a": "file:///etc/passwd"}', '{"a": "http://169.254.169.254/latest/meta-data"}',
    '{"a": "http://2130706433/"}', '{"a": "gopher://x/"}', '{"a": 5}', '["http://x/"]', '{"a": '])
def test_targets_that_must_not_be_checked_end_the_start(value):
    aggregator = Aggregator()
    try:
        done = aggregator.command("check", "config", environment={"SERVICE_ENDPOINTS": value})
        assert done.returncode == 78 and "service-endpoints" in done.stderr.lower().replace("_", "-")
    finally:
        aggregator.close()


def test_the_six_services_of_the_platform_are_checked_when_asked_for():
    with Aggregator({"CHORUS_DEFAULT_SERVICES": "true",
                     "SERVICE_ENDPOINTS": '{"admin-ui": "tcp://127.0.0.1:9"}'}) as aggregator:
        rows = health(aggregator)
        assert list(rows) == ["websocket-gateway", "chat-service", "presence-service",
                              "summary-engine", "notification-worker", "admin-ui"]
        assert rows["admin-ui"]["endpoint"] == "tcp://127.0.0.1:9"
        assert rows["chat-service"]["endpoint"] == "http://localhost:8000/api/v1/health"


def check_of(name, status, **more):
    return {"name": name, "endpoint": "tcp://127.0.0.1:5432", "status": status, "age_ms": 500,
            "interval_seconds": 60, "response_time_ms": None, "error": None, **more}


def test_what_an_agent_checks_stands_beside_the_aggregators_own(service):
    maker = BatchMaker("db-01")
    with watching({"web": service.url}) as aggregator:
        token = aggregator.token("agent")
        assert aggregator.ingest(maker.make(services=[
            check_of("postgres", "healthy", response_time_ms=7)]), token).status == 200
        own, agents = aggregator.get("/api/v1/services").json
        assert (own["service_name"], own["hostname"]) == ("web", None)
        assert (agents["service_name"], agents["hostname"], agents["type"], agents["status"],
                agents["interval_seconds"]) == ("postgres@db-01", "db-01", "tcp", "healthy", 60)
        assert agents["uptime_24h_percent"] == 100 and len(agents["recent"]) == 1
        assert list(health(aggregator)) == ["web", "postgres@db-01"]
        overview = aggregator.get("/api/v1/dashboard/overview").json
        assert overview["total_services"] == 2
        history = aggregator.get("/api/v1/services/postgres@db-01/history").json
        assert history["checks"][0]["response_time_ms"] == 7
        wait_until(lambda: "healthy" in redis_cli("GET", "service_health:postgres@db-01",
                                                  url=aggregator.redis_url))
        # It fails: one alert, of its host.
        assert aggregator.ingest(maker.make(services=[
            check_of("postgres", "unhealthy", error="Connection refused")]), token).status == 200
        wait_until(lambda: probe_alerts(aggregator, "title, status, hostname") ==
                   [["Service postgres@db-01 Health Alert", "active", "db-01"]])
        # Nobody hears of it: unknown, and still there.
        aggregator.sql("UPDATE monitoring.services SET heard_at = heard_at - interval '10 min'"
                       " WHERE host_id IS NOT NULL")
        assert health(aggregator)["postgres@db-01"]["status"] == "unknown"
        # The host has gone on without it: gone.
        aggregator.sql("UPDATE monitoring.hosts SET reporting_since = reporting_since - interval '2 h'")
        aggregator.sql("UPDATE monitoring.services SET heard_at = heard_at - interval '1 hour'"
                       " WHERE host_id IS NOT NULL")
        assert list(health(aggregator)) == ["web"]
        assert aggregator.get("/api/v1/services/postgres@db-01/history").status == 404
        wait_until(lambda: probe_alerts(aggregator, "status") == [["resolved"]])


def test_a_rule_on_an_agents_service_makes_an_alert_of_its_host(service):
    with watching({"web": service.url}) as aggregator:
        add_rule(aggregator, "inner", {"service_name": "postgres@*", "fault": "down"})
        assert aggregator.ingest(BatchMaker("db-01").make(services=[
            check_of("postgres", "timeout", error="Request timeout")]),
            aggregator.token("agent")).status == 200
        assert aggregator.request("POST", "/api/v1/alerts/check", b"", {},
                                  aggregator.token("operator")).status == 202
        wait_until(lambda: aggregator.sql(
            "SELECT title, hostname, source FROM monitoring.alerts WHERE rule_id IS NOT NULL") ==
            [["inner - Service Health Alert", "db-01", "service:postgres@db-01"]])


def test_an_agent_that_tells_of_another_hosts_service_changes_none(service):
    with watching({"web": service.url}) as aggregator:
        answer = aggregator.ingest(BatchMaker("db-01").make(services=[
            check_of("web@other-host", "healthy")]), aggregator.token("agent"))
        assert answer.status == 200
        assert [(w["code"], w["field"]) for w in answer.json["warnings"]] == [
            ("string_pattern_mismatch", "/services/0/name")]
        # The rest of the batch is worth keeping.
        assert aggregator.sql("SELECT count(*) FROM monitoring.system_batches") == [["1"]]
        assert [s["service_name"] for s in aggregator.get("/api/v1/services").json] == ["web"]
