"""`status`, `check-host` and `check-service`: what an administrator and Nagios are told."""

import http.server
import json
import re
import threading

import pytest

from batch_maker import BatchMaker
from chorus_harness import Aggregator, PrivateServers, wait_until

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def watched():
    with Aggregator() as aggregator:
        aggregator.operator = aggregator.token("operator")
        yield aggregator


def checked(aggregator, *arguments, **environment):
    done = aggregator.command(*arguments, environment=environment)
    assert done.stdout.count("\n") == 1, done
    return done.returncode, done.stdout


def alert(aggregator, hostname, severity, title="Disk is full"):
    answer = aggregator.request("POST", "/api/v1/alerts", json.dumps({
        "alert_type": "manual", "severity": severity, "source": "test", "title": title,
        "hostname": hostname}), JSON, aggregator.operator)
    assert answer.status == 201, answer.body


def report(aggregator, hostname, hours_ago=0):
    token = aggregator.token(name=hostname)
    assert aggregator.ingest(BatchMaker(hostname).make(), token).status == 200
    if hours_ago:
        aggregator.sql(f"UPDATE monitoring.hosts SET last_seen = last_seen - interval '{hours_ago} h'"
                       f" WHERE hostname = '{hostname}'")


def test_a_host_that_reports_is_ok(watched):
    report(watched, "fine-01")
    code, line = checked(watched, "check-host", "fine-01")
    assert code == 0
    assert re.fullmatch(r"OK - fine-01 is up, last report \d+ s ago \| age=\d+s alerts=0\n", line)


def test_a_silent_host_is_critical(watched):
    report(watched, "silent-01", hours_ago=5)
    code, line = checked(watched, "check-host", "silent-01")
    assert code == 2 and line.startswith("CRITICAL - silent-01 is down")


@pytest.mark.parametrize("severity, code, word", [
    ("info", 0, "OK"), ("low", 1, "WARNING"), ("medium", 1, "WARNING"), ("high", 2, "CRITICAL"),
    ("critical", 2, "CRITICAL")])
def test_a_hosts_alerts_decide(watched, severity, code, word):
    hostname = f"alerting-{severity}"
    report(watched, hostname)
    alert(watched, hostname, severity)
    told, line = checked(watched, "check-host", hostname)
    assert told == code and line.startswith(word + " - ")
    assert "1 active alert, newest: Disk is full" in line and "alerts=1" in line


def test_an_alerts_title_stays_text(watched):
    report(watched, "odd-01")
    alert(watched, "odd-01", "low", "a|b=1\nOK - fine\x1b[31m")
    code, line = checked(watched, "check-host", "odd-01")
    assert code == 1 and line.count("|") == 1 and "\x1b" not in line


def test_what_nobody_knows_is_unknown(watched):
    assert checked(watched, "check-host", "nobody")[0] == 3
    code, line = checked(watched, "check-service", "nothing")
    assert code == 3 and "agent-service-endpoints of its host" in line
    code, line = checked(watched, "check-host", "fine-01",
                         DATABASE_URL="postgresql:///x?host=/nowhere")
    assert code == 3 and line.startswith("UNKNOWN - ")
    for arguments in (["check-host"], ["check-host", "a", "b"], ["check-service"]):
        assert checked(watched, *arguments)[0] == 3


class Target(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self):
        self.send_response(Target.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def target():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Target)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Target.status = 200
    yield server.server_port
    server.shutdown()
    server.server_close()


def test_a_service_follows_its_checks(target):
    services = json.dumps({"web": f"http://127.0.0.1:{target}/"})
    with Aggregator({"SERVICE_ENDPOINTS": services, "HEALTH_CHECK_INTERVAL": "1"}) as aggregator:
        def code_and_line():
            return checked(aggregator, "check-service", "web")

        wait_until(lambda: code_and_line()[0] == 0, what="the first check")
        assert re.fullmatch(
            r"OK - web is healthy, checked \d+ s ago \| time=[0-9.]+ms age=\d+s\n", code_and_line()[1])
        Target.status = 500
        wait_until(lambda: code_and_line()[0] == 2, what="CRITICAL")
        assert code_and_line()[1].startswith("CRITICAL - web is ") and "500" in code_and_line()[1]
        aggregator.stop()
        # A result of yesterday says nothing of today.
        aggregator.sql("UPDATE monitoring.services SET last_checked = now() - interval '1 day'")
        code, line = code_and_line()
        assert code == 3 and "no aggregator checks it now" in line


def status_of(aggregator, **environment):
    done = aggregator.command("status", environment={"PORT": str(aggregator.port or 9),
                                                     **environment})
    lines = done.stdout.splitlines()
    return done.returncode, {line[5:17].strip(): line for line in lines if line[5:17].strip()}


def test_status_tells_that_all_is_well(fresh):
    code, told = status_of(fresh)
    assert code == 69 and told["hosts"].startswith("BAD") and "enroll" in told["hosts"]
    report(fresh, "one-01")
    code, told = status_of(fresh)
    assert code == 0, told
    assert set(told) == {"program", "server", "Redis", "PostgreSQL", "schema", "hosts", "alerts"}
    assert all(line.startswith("ok   ") for line in told.values())
    assert "1 of 1 report" in told["hosts"] and str(fresh.port) in told["server"]


def test_status_counts_active_alerts_by_severity_and_calls_them_not_ok(fresh):
    report(fresh, "one-01")
    token = fresh.token("operator", name="on-call")

    def raise_alert(severity):
        alert = {"alert_type": "test", "severity": severity, "source": severity, "title": "a test"}
        answer = fresh.request("POST", "/api/v1/alerts", json.dumps(alert),
                               {"Content-Type": "application/json"}, token)
        assert answer.status == 201, answer.body

    raise_alert("medium")
    code, told = status_of(fresh)
    assert code == 0 and told["alerts"].startswith("WARN") and "1 active: 1 medium" in told["alerts"]
    raise_alert("critical")
    code, told = status_of(fresh)
    assert code == 0 and told["alerts"].startswith("BAD")
    assert "2 active: 1 critical, 1 medium" in told["alerts"]


def test_status_names_who_is_silent(fresh):
    report(fresh, "one-01")
    report(fresh, "two-01", hours_ago=5)
    done = fresh.command("status", environment={"PORT": str(fresh.port)})
    assert done.returncode == 69
    assert "1 of 2 report" in done.stdout
    assert re.search(r"BAD +two-01 is down, last heard of 20\S+Z; on it: `chorus-agent status`",
                     done.stdout)


def test_status_tells_each_part_that_is_away():
    servers = PrivateServers()
    aggregator = Aggregator(database_url=servers.database_url, redis_url=servers.redis_url)
    try:
        aggregator.start()
        report(aggregator, "one-01")
        servers.call("stop_redis")
        code, told = status_of(aggregator)
        assert code == 69 and told["Redis"].startswith("BAD")
        assert told["PostgreSQL"].startswith("ok") and told["server"].startswith("ok")
        servers.call("stop_postgres")
        code, told = status_of(aggregator)
        assert code == 69 and told["PostgreSQL"].startswith("BAD")
        assert "is PostgreSQL running there" in told["PostgreSQL"]
        servers.call("start_postgres")
        servers.call("start_redis")
        port = aggregator.port
        aggregator.stop()
        code, told = status_of(aggregator, PORT=str(port))
        assert code == 69 and told["server"].startswith("BAD")
        assert "journalctl -u chorus-aggregator" in told["server"]
    finally:
        aggregator.close()
        servers.close()


def test_status_of_an_empty_database_tells_of_the_schema():
    stopped = Aggregator()
    try:
        code, told = status_of(stopped)
        assert code == 69 and told["schema"].startswith("BAD") and "migrate" in told["schema"]
        # Looking changes nothing.
        assert stopped.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'monitoring'") \
            == [["0"]]
    finally:
        stopped.close()


def test_a_service_that_an_agent_checks_has_its_agents_interval():
    with Aggregator() as aggregator:
        def code_and_line():
            return checked(aggregator, "check-service", "postgres@db-01")

        check = {"name": "postgres", "endpoint": "tcp://127.0.0.1:5432", "status": "healthy",
                 "age_ms": 0, "interval_seconds": 3600, "response_time_ms": 7}
        assert aggregator.ingest(BatchMaker("db-01").make(services=[check]),
                                 aggregator.token()).status == 200
        assert code_and_line()[0] == 0 and "postgres@db-01 is healthy" in code_and_line()[1]
        for hours, code, end in ((2, 0, ""), (2, 3, ": its agent says nothing of it now")):
            aggregator.sql("UPDATE monitoring.services SET heard_at = heard_at"
                           f" - interval '{hours} hours'")
            aggregator.sql("UPDATE monitoring.hosts SET last_seen = last_seen"
                           f" - interval '{hours} hours'")
            assert code_and_line()[0] == code and end in code_and_line()[1]
