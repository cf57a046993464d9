"""Idempotency-Key: a repeated POST has one effect, whatever happened to its first answer."""

import json
import threading
import uuid

import pytest

from chorus_harness import Aggregator
from held_lock import HeldLock

ALERT = {"alert_type": "custom", "severity": "low", "source": "s", "title": "t"}


@pytest.fixture(scope="module")
def aggregator():
    with Aggregator({"CHORUS_ANONYMOUS_ROLE": "operator"}) as running:
        yield running


def post(aggregator, key, body=None, token=None, **options):
    return aggregator.request(
        "POST", "/api/v1/alerts", json.dumps(body or ALERT),
        {"Content-Type": "application/json", "Idempotency-Key": key}, token, **options)


def count(aggregator):
    return aggregator.get("/api/v1/alerts/stats").json["total_alerts"]


def test_same_key_and_body_get_the_first_answer_again(aggregator):
    key, before = str(uuid.uuid4()), count(aggregator)
    first, second = post(aggregator, key), post(aggregator, f'"{key}"')
    assert first.status == second.status == 201
    assert second.body == first.body
    assert second.headers["location"] == first.headers["location"]
    assert second.headers["etag"] == first.headers["etag"]
    assert second.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert count(aggregator) == before + 1


def test_same_key_with_another_body_is_refused(aggregator):
    key = str(uuid.uuid4())
    post(aggregator, key)
    before = count(aggregator)
    refused = post(aggregator, key, {**ALERT, "title": "another"})
    assert refused.status == 422
    assert refused.faults() == [("idempotency_mismatch", ["header", "idempotency-key"])]
    assert count(aggregator) == before


def test_refused_request_does_not_use_up_its_key(aggregator):
    key = str(uuid.uuid4())
    assert post(aggregator, key, {**ALERT, "severity": "bad"}).status == 422
    assert post(aggregator, key).status == 201


def test_keys_belong_to_their_caller(aggregator):
    key = str(uuid.uuid4())
    answers = [post(aggregator, key, token=token) for token in
               (None, aggregator.token("operator", "a"), aggregator.token("operator", "b"))]
    assert {answer.status for answer in answers} == {201}
    assert len({answer.json["id"] for answer in answers}) == 3


@pytest.mark.parametrize("key, fault", [
    ("x" * 300, "string_too_long"), ("", "string_too_short"), ('""', "string_too_short"),
    ("caf\u00e9", "string_pattern_mismatch")])
def test_bad_keys(aggregator, key, fault):
    before = count(aggregator)
    refused = post(aggregator, key.encode("latin-1"))
    assert refused.status == 422
    assert refused.faults() == [(fault, ["header", "idempotency-key"])]
    assert count(aggregator) == before
    assert post(aggregator, "y" * 255).status == 201


def test_key_of_a_running_request_is_refused_until_it_ends(aggregator):
    """The first request waits for a lock."""
    key, before, answers = str(uuid.uuid4()), count(aggregator), []
    with HeldLock(aggregator, "LOCK monitoring.alert_transitions IN EXCLUSIVE MODE") as lock:
        first = threading.Thread(target=lambda: answers.append(post(aggregator, key)))
        first.start()
        lock.wait_for_waiters()
        refused = post(aggregator, key)
        assert refused.status == 409 and refused.json["code"] == "in_progress"
    first.join()
    assert answers[0].status == 201
    assert post(aggregator, key).body == answers[0].body
    assert count(aggregator) == before + 1


def test_twins_at_once_make_one_row(aggregator):
    for _ in range(10):
        key, before, answers = str(uuid.uuid4()), count(aggregator), []
        twins = [threading.Thread(target=lambda: answers.append(post(aggregator, key)))
                 for _ in range(4)]
        for twin in twins:
            twin.start()
        for twin in twins:
            twin.join()
        assert {answer.status for answer in answers} <= {201, 409}
        assert len({answer.json["id"] for answer in answers if answer.status == 201}) == 1
        assert count(aggregator) == before + 1


def test_keys_survive_kill_9():
    with Aggregator({"CHORUS_ANONYMOUS_ROLE": "operator"}) as running:
        first = post(running, "k")
        running.kill()
        running.start()
        assert post(running, "k").body == first.body
        assert count(running) == 1


def test_posting_a_rule_twice_with_one_key_makes_one_rule(quiet):
    token = quiet.token("operator")
    rule = {"name": "once", "rule_type": "host_silent", "severity": "low", "condition": {}}
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
    first = quiet.request("POST", "/api/v1/alert-rules", json.dumps(rule), headers, token)
    second = quiet.request("POST", "/api/v1/alert-rules", json.dumps(rule), headers, token)
    assert (first.status, second.status) == (201, 201)
    assert first.json == second.json and second.headers["idempotency-replayed"] == "true"
