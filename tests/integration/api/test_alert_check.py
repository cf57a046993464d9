"""Rounds of the rules on demand: POST /alerts/check, `tasks single alerts` and dry runs."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor

from batch_maker import BatchMaker, timestamp
from chorus_harness import Aggregator, wait_until
from held_lock import HeldLock
from rule_rounds import NEVER, cpu_rule, evaluated_at, send


def test_checks_are_refused_for_strangers_unknown_hosts_and_too_many(quiet):
    token = quiet.token("operator")
    assert quiet.request("POST", "/api/v1/alerts/check", token=quiet.token("viewer")).status == 403
    answer = quiet.request("POST", "/api/v1/alerts/check?hostname=nobody", token=token)
    assert (answer.status, answer.json["code"]) == (404, "host_not_found")
    answer = quiet.request("POST", "/api/v1/alerts/check?hostname=", token=token)
    assert answer.status == 422
    statuses = [quiet.request("POST", "/api/v1/alerts/check", token=token).status
                for _ in range(12)]
    assert statuses[:9] == [202] * 9 and statuses[-1] == 429


def test_a_second_check_joins_the_one_under_way():
    # Connects, and never answers.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        services = json.dumps({"slow": {"url": url, "timeout_seconds": 5}})
        with Aggregator(environment={**NEVER, "SERVICE_ENDPOINTS": services,
                                     "HEALTH_CHECK_INTERVAL": "3600"}) as running:
            token = running.token("operator")
            ask = lambda: running.request("POST", "/api/v1/alerts/check",
                                          token=token).json["timestamp"]
            assert ask() == ask()


def test_single_alerts_prints_what_one_check_found(quiet):
    token, agent = quiet.token("operator"), quiet.token()
    cpu_rule(quiet, token)
    send(quiet, agent, BatchMaker("web-01"), 99.0)
    done = quiet.command("tasks", "single", "alerts")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert set(told) == {"system_alerts", "health_checks", "alerts"}
    assert told["system_alerts"] == 1 and told["health_checks"] == 0
    assert told["alerts"][0]["source"] == "system:web-01"
    quiet.stop()
    done = quiet.command("tasks", "single", "alerts")  # nobody leads now
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"system_alerts": 0, "health_checks": 0, "alerts": []}
    quiet.start()


def test_asking_twice_with_one_key_starts_one_check():
    with socket.create_server(("127.0.0.1", 0)) as never_answers:
        url = f"http://127.0.0.1:{never_answers.getsockname()[1]}/"
        services = {"SERVICE_ENDPOINTS": json.dumps({"slow": {"url": url, "timeout_seconds": 5}})}
        with Aggregator(environment=NEVER | services) as running:
            wait_until(lambda: evaluated_at(running), what="first round")
            token = running.token("operator")

            def ask(**headers):
                return running.request("POST", "/api/v1/alerts/check", None, headers, token).json

            before = evaluated_at(running)
            first = ask(**{"Idempotency-Key": "one"})
            wait_until(lambda: evaluated_at(running) != before, what="the check")
            assert ask(**{"Idempotency-Key": "one"}) == first
            # A check that is under way answers when it began, and this service keeps it waiting.
            asked = timestamp()
            assert ask()["timestamp"] >= asked


def test_rules_are_tested_two_at_a_time(quiet):
    token = quiet.token("operator")
    rule = json.dumps({"name": "a", "rule_type": "service_health", "severity": "low",
                       "condition": {"service_name": "*"}})

    def test_rule(_=None):
        return quiet.request("POST", "/api/v1/alert-rules/test", rule,
                             {"Content-Type": "application/json"}, token)

    def waiting():
        return quiet.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                         " AND datname = current_database()") == [["2"]]

    lock = "LOCK TABLE monitoring.services IN ACCESS EXCLUSIVE MODE"
    with ThreadPoolExecutor(2) as pool:
        with HeldLock(quiet, lock):
            two = pool.map(test_rule, range(2))
            wait_until(waiting, what="two tests that wait")
            third = test_rule()
            assert (third.status, third.headers["retry-after"]) == (503, "2")
            assert third.json["code"] == "busy"
        assert [answer.status for answer in two] == [200, 200]
    assert test_rule().status == 200
