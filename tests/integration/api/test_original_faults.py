"""What the service that this one replaces did wrong, each as a test that it is not so here."""

import json
import signal
import socket
import subprocess
import sys
import threading

import pytest

from batch_maker import BatchMaker, process, timestamp
from chorus_harness import Aggregator, redis_cli, wait_until
from receivers import AlertSubscriber, dead_port

JSON = {"Content-Type": "application/json"}
# State that no reading may touch, as one text.
EVERYTHING = """SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM (
    SELECT a::text FROM monitoring.alerts a WHERE alert_type = 'posted'
    UNION ALL SELECT t::text FROM monitoring.alert_transitions t
    UNION ALL SELECT (r.id, r.name, r.updated_at, r.is_active)::text FROM monitoring.alert_rules r
    UNION ALL SELECT (a.audit_id)::text FROM monitoring.audit a
    UNION ALL SELECT (b.host_id, b.ts)::text FROM monitoring.system_batches b) AS s(t)"""


@pytest.fixture(scope="module")
def service():
    """An aggregator that checks and evaluates each second; clients of old have no token."""
    down = {name: f"http://127.0.0.1:{dead_port()}/health" for name in ("chat", "web")}
    with Aggregator({"ALERT_CHECK_INTERVAL": "1", "HEALTH_CHECK_INTERVAL": "1",
                     "CHORUS_LEADER_LEASE": "1", "CHORUS_ANONYMOUS_ROLE": "operator",
                     "SERVICE_ENDPOINTS": json.dumps(down)}) as running:
        yield running


def post(aggregator, path, body):
    return aggregator.request("POST", "/api/v1" + path, json.dumps(body), JSON)


def add_rule(aggregator, name, rule_type="system_metric", cooldown=0, **condition):
    answer = post(aggregator, "/alert-rules", {
        "name": name, "rule_type": rule_type, "severity": "high", "cooldown_minutes": cooldown,
        "condition": condition})
    assert answer.status == 201, answer.body
    return answer.json["id"]


def cpu_rule(aggregator, name, metric, **changes):
    """A rule over a metric of its own, so that no other test's hosts count."""
    return add_rule(aggregator, name, metric_type=metric, operator=">", threshold=80,
                    aggregation="last", **changes)


def send(aggregator, host, token, metric, value):
    answer = aggregator.ingest(host.make({metric: (value, "percent")}, []), token)
    assert answer.status == 200, answer.body


def alerts(aggregator, rule):
    return aggregator.get(f"/api/v1/alerts?rule_id={rule}").json


def wait_for_round(aggregator):
    def evaluated():
        return aggregator.sql("SELECT evaluated_at FROM monitoring.alert_evaluation")[0][0]
    for _ in range(2):  # the first may have begun before
        before = evaluated()
        wait_until(lambda: evaluated() != before, 60, "a round")  # noqa: B023


def probe_alerts(aggregator, name):
    return [a for a in aggregator.get(f"/api/v1/alerts?source=service:{name}").json
            if a["rule_id"] is None]


def test_01_health_is_reachable_without_prefix(service):
    for path in ("/health", "/api/v1/health"):
        assert service.get(path).json["status"] == "healthy"


def test_02_rules_for_services_fire(service):
    rule = add_rule(service, "Chat down", "service_health", service_name="chat",
                    max_response_time_ms=5000)
    alert, = wait_until(lambda: alerts(service, rule), what="the alert")
    assert alert["title"] == "Chat down - Service Health Alert"
    assert alert["source"] == "service:chat"
    key = json.loads(redis_cli("GET", "service_health:chat", url=service.redis_url))
    assert key["service_name"] == "chat" and key["status"] == "unhealthy"


def test_03_a_rule_with_a_cooldown_fires_and_then_rests(service):
    rule = cpu_rule(service, "Rests", "rests_percent", cooldown=60)
    host, token = BatchMaker("rests-01"), service.token(name="rests-01")
    for value, statuses in ((99, ["active"]), (1, ["resolved"]), (99, ["resolved"])):
        send(service, host, token, "rests_percent", value)
        wait_for_round(service)
        assert [a["status"] for a in alerts(service, rule)] == statuses


def test_04_a_published_alert_reaches_a_subscriber(service):
    subscriber = AlertSubscriber(service.redis_url)
    alert = post(service, "/alerts", {"alert_type": "posted", "severity": "low", "source": "test",
                                      "title": "Hear me"}).json
    wait_until(lambda: subscriber.events(alert["id"]) == ["created"], what="the message")
    heard = next(a for a in subscriber.alerts if a["id"] == alert["id"])
    assert {name: heard[name] for name in alert if name in heard and name != "updated_at"} == {
        name: value for name, value in alert.items() if name in heard and name != "updated_at"}
    subscriber.close()


def test_05_each_host_over_the_threshold_has_its_alert_and_a_healthy_one_masks_none(service):
    rule = cpu_rule(service, "Each host", "each_percent")
    for name, value in (("bad-1", 95), ("bad-2", 96), ("good", 3)):  # the healthy one is newest
        send(service, BatchMaker(name), service.token(name=name), "each_percent", value)
    wait_for_round(service)
    assert {a["hostname"] for a in alerts(service, rule)} == {"bad-1", "bad-2"}


def test_06_a_down_service_is_one_alert_however_often_it_is_checked_and_looked_at(service):
    wait_until(lambda: [a["occurrences"] >= 3 for a in probe_alerts(service, "web")] == [True], 60,
               "three rounds")
    for _ in range(5):
        service.get("/api/v1/system/health")
        service.get("/api/v1/dashboard/overview")
    wait_for_round(service)
    assert [a["status"] for a in probe_alerts(service, "web")] == ["active"]


def test_07_reading_changes_nothing(service):
    rule = add_rule(service, "Only read", "host_silent", hostname="nobody")
    alert = post(service, "/alerts", {"alert_type": "posted", "severity": "low", "source": "test",
                                      "title": "Only read"}).json["id"]
    before = service.sql(EVERYTHING)
    for path in ("/", "/health", "/ready", "/status", "/metrics", "/api/v1/system/health",
                 "/api/v1/services", "/api/v1/dashboard/overview", "/api/v1/alerts",
                 "/api/v1/alerts/stats", f"/api/v1/alerts/{alert}", "/api/v1/alert-rules",
                 f"/api/v1/alert-rules/{rule}", "/api/v1/metrics/system", "/api/v1/hosts",
                 "/api/v1/metrics/processes", "/api/v1/dashboard/metrics/summary"):
        for method in ("GET", "HEAD"):
            assert service.request(method, path).status == 200, path
    assert service.sql(EVERYTHING) == before


def test_08_the_redis_that_is_configured_is_asked_everywhere(service):
    send(service, BatchMaker("cached"), service.token(name="cached"), "cached_percent", 5)
    path = "/api/v1/metrics/latest/cached"
    wait_until(lambda: service.get(path).headers["x-cache"] == "hit", what="a cache hit")
    key = "latest:cached:cached_percent"
    planted = {**json.loads(redis_cli("GET", key, url=service.redis_url)), "value": 6.5}
    redis_cli("SET", key, json.dumps(planted), url=service.redis_url)
    assert service.get(path).json["metrics"]["cached_percent"]["value"] == 6.5


def test_09_the_first_cpu_sample_of_a_busy_process_is_not_zero(service):
    with subprocess.Popen([sys.executable, "-c", "print(1, flush=True)\nwhile True: pass"],
                          stdout=subprocess.PIPE) as burner:
        burner.stdout.readline()
        done = service.command("tasks", "single", environment={"CHORUS_HOSTNAME": "first-sample"})
        burner.kill()
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["overview"]["cpu_usage"] > 0
    path = f"/api/v1/metrics/processes?hostname=first-sample&process_id={burner.pid}"
    row, = service.get(path).json
    assert row["cpu_percent"] is None or row["cpu_percent"] > 0


def test_10_a_process_on_many_cores_does_not_lose_the_batch(service):
    rows = [process(7, "solver", cpu_percent=6312.5), process(8, "idle", cpu_percent=0.0)]
    answer = service.ingest(BatchMaker("cores").make(processes=rows), service.token(name="cores"))
    assert answer.status == 200 and answer.json["accepted"]["process_metrics"] == 2
    stored = service.get("/api/v1/metrics/processes?hostname=cores&process_name=solver").json
    assert [row["cpu_percent"] for row in stored] == [6312.5]


def test_11_a_rule_name_that_is_taken_is_a_conflict(service):
    rule = {"name": "Taken", "rule_type": "host_silent", "severity": "low", "condition": {}}
    assert post(service, "/alert-rules", rule).status == 201
    answer = post(service, "/alert-rules", rule)
    assert (answer.status, answer.json["code"]) == (409, "name_exists")


def test_12_numbers_are_numbers_and_times_are_utc_and_say_so(service):
    batch = BatchMaker("typed").make({"cpu_usage_percent": (42.5, "percent")},
                                     [process(812, "python", cpu_percent=12.5)])
    assert service.ingest(batch, service.token(name="typed")).status == 200
    system, = service.get("/api/v1/metrics/system?hostname=typed").json
    one, = service.get("/api/v1/metrics/processes?hostname=typed").json
    assert system["metric_value"] == 42.5 and isinstance(system["metric_value"], float)
    assert one["cpu_percent"] == 12.5 and isinstance(one["memory_mb"], (int, float))
    for row in (system, one):
        assert row["timestamp"].endswith("Z") and row["created_at"].endswith("Z")
        assert row["timestamp"][:10] == timestamp()[:10] or row["timestamp"][11:13] == "23"


def test_13_on_sigterm_the_batch_in_hand_is_stored_and_the_program_ends():
    with Aggregator() as running:
        token, body = running.token(), json.dumps(BatchMaker("last").make()).encode()
        head = (f"POST /api/v1/ingest HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
                "Content-Type: application/json\r\nX-Chorus-Protocol: 1\r\n"
                f"Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n").encode()
        with socket.create_connection(("127.0.0.1", running.port), timeout=20) as connection:
            connection.sendall(head)
            assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")  # it is in hand
            connection.sendall(body[:-1])
            code = []
            ending = threading.Thread(target=lambda: code.append(running.stop(signal.SIGTERM)))
            ending.start()
            wait_until(lambda: any('"Stopping"' in line for line in running.log), what="Stopping")
            connection.sendall(body[-1:])
            answer = connection.recv(65536)
        ending.join()
        assert code == [0] and answer.startswith(b"HTTP/1.1 200 ")
        assert running.sql("SELECT count(*) FROM monitoring.system_batches") == [["1"]]


def test_14_the_alert_of_a_failed_check_says_what_failed(service):
    alert, = wait_until(lambda: probe_alerts(service, "web"), what="the alert")
    assert alert["title"] == "Service web Health Alert" and alert["severity"] == "critical"
    metadata = alert["alert_metadata"]
    assert metadata["service_name"] == "web" and metadata["status"] == "unhealthy"
    assert metadata["error_message"] == "Connection refused" and metadata["auto_generated"] is True
    assert "response_time_ms" in metadata


def test_15_without_redis_the_api_answers_from_postgresql():
    with Aggregator(redis_url=f"redis://127.0.0.1:{dead_port()}/0") as running:
        answer = running.ingest(BatchMaker("plain").make(), running.token())
        assert answer.status == 200
        latest = running.get("/api/v1/metrics/latest/plain")
        assert latest.headers["x-cache"] == "bypass"
        assert latest.json["metrics"]["cpu_usage_percent"]["value"] == 12.5
        assert running.get("/api/v1/system/overview?hostname=plain").json["cpu_usage"] == 12.5
        assert running.get("/api/v1/alerts").json == []
        assert running.get("/ready").json["status"] == "degraded"
