"""Silences by the API: made, listed, ended, extended; what they do to alerts; every bad input."""

import json
import re
import uuid

import pytest

from batch_maker import timestamp
from chorus_harness import Aggregator, wait_until

SILENCE = {"matchers": {"hostname": "web-*"}, "duration_minutes": 60, "comment": "upgrade",
           "created_by": "alice"}
WEEKLY = {"time_zone": "Europe/Berlin",
          "windows": [{"days": ["sat", "sun"], "start": "22:00", "end": "06:00"}]}
ALERT = {"alert_type": "custom", "severity": "high", "source": "s", "title": "t"}


@pytest.fixture(scope="module")
def aggregator():
    with Aggregator({"CHORUS_ANONYMOUS_ROLE": "operator"}) as running:
        yield running


def send(aggregator, method, path, body=None, headers=None, token=None):
    data = None if body is None else json.dumps(body)
    return aggregator.request(method, "/api/v1" + path, data,
                              {"Content-Type": "application/json", **(headers or {})}, token)


def make(aggregator, **changes):
    answer = send(aggregator, "POST", "/silences", {**SILENCE, **changes})
    assert answer.status == 201, answer.body
    return answer.json


def alert_on(aggregator, hostname):
    return send(aggregator, "POST", "/alerts", {**ALERT, "hostname": hostname}).json


def status(aggregator, alert):
    return aggregator.get(f"/api/v1/alerts/{alert['id']}").json["status"]


def test_silence_has_this_form(aggregator):
    answer = send(aggregator, "POST", "/silences", {**SILENCE, "matchers": {
        "hostname": "a*", "alert_type": "b", "source": "c?", "rule_id": str(uuid.UUID(int=1)),
        "rule_name": "d", "severity": "low"}, "weekly": WEEKLY})
    assert answer.status == 201
    silence = answer.json
    assert answer.headers["location"] == f"/api/v1/silences/{silence['id']}"
    assert set(silence) == {"id", "matchers", "starts_at", "ends_at", "weekly", "created_by",
                            "comment", "created_at", "updated_at", "state"}
    assert silence["matchers"]["severity"] == ["low"] and len(silence["matchers"]) == 6
    assert silence["weekly"] == WEEKLY and silence["created_by"] == "alice"
    assert re.match(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", silence["ends_at"])
    read = aggregator.get(answer.headers["location"])
    assert read.json == silence and read.headers["etag"] == answer.headers["etag"]


def test_list_tells_states_and_pages(fresh):
    token = fresh.token("operator", "alice")

    def create(**changes):
        return send(fresh, "POST", "/silences", {**SILENCE, **changes}, token=token).json["id"]

    now = create()
    later = create(starts_at="2999-01-01T00:00:00Z")
    over = create()
    assert send(fresh, "PATCH", f"/silences/{over}", {"expire": True}, token=token).status == 200
    listed = fresh.get("/api/v1/silences?count=true")
    assert listed.headers["x-total-count"] == "3"
    assert {s["id"]: s["state"] for s in listed.json} == {
        now: "active", later: "pending", over: "expired"}
    assert [s["id"] for s in fresh.get("/api/v1/silences?state=active,pending").json] == [later, now]
    first = fresh.get("/api/v1/silences?limit=2")
    path = re.match(r'<([^>]+)>; rel="next"', first.headers["link"])[1]
    assert [s["id"] for s in first.json + fresh.get(path).json] == [over, later, now]
    assert fresh.get("/api/v1/silences?state=open").faults() == [
        ("string_pattern_mismatch", ["query", "state"])]


def test_alerts_are_hidden_and_come_back(aggregator):
    host = "web-" + uuid.uuid4().hex[:8]
    before = alert_on(aggregator, host)
    silence = make(aggregator, matchers={"hostname": host})
    assert status(aggregator, before) == "suppressed"
    after = alert_on(aggregator, host)
    assert after["status"] == "suppressed" and after["suppressed_by"] == "silence:" + silence["id"]
    other = alert_on(aggregator, "db-01")
    assert other["status"] == "active"
    stored = aggregator.sql("SELECT count(*) FROM monitoring.notifications WHERE alert_id ="
                            f" '{after['id']}'")
    assert stored == [["0"]]
    ended = send(aggregator, "DELETE", f"/silences/{silence['id']}")
    assert ended.status == 200 and ended.json == {"message": "Silence deleted successfully"}
    assert status(aggregator, before) == status(aggregator, after) == "active"
    steps = aggregator.get(f"/api/v1/alerts/{before['id']}/transitions").json
    assert [s["to_status"] for s in steps] == ["active", "suppressed", "active"]
    assert steps[1]["actor"] == "alice" and steps[1]["comment"] == "upgrade"
    assert aggregator.get(f"/api/v1/silences/{silence['id']}").status == 404
    assert send(aggregator, "DELETE", f"/silences/{silence['id']}").status == 404


def test_silence_ends_by_itself(aggregator):
    host = "web-" + uuid.uuid4().hex[:8]
    body = {k: v for k, v in SILENCE.items() if k != "duration_minutes"}
    answer = send(aggregator, "POST", "/silences",
                  {**body, "matchers": {"hostname": host}, "ends_at": timestamp(-2)})
    assert answer.status == 201, answer.body
    alert = alert_on(aggregator, host)
    assert alert["status"] == "suppressed"
    wait_until(lambda: status(aggregator, alert) == "active", 60, "the end of the silence")


def test_expire_and_extend(aggregator):
    host = "web-" + uuid.uuid4().hex[:8]
    alert = alert_on(aggregator, host)
    silence = make(aggregator, matchers={"hostname": host})
    path = f"/silences/{silence['id']}"
    longer = send(aggregator, "PATCH", path, {"ends_at": "2999-01-01T00:00:00Z",
                                              "comment": "takes longer"})
    assert longer.status == 200 and longer.json["ends_at"] == "2999-01-01T00:00:00.000Z"
    assert longer.json["comment"] == "takes longer" and longer.json["state"] == "active"
    assert send(aggregator, "PATCH", path, {}).json == longer.json
    stale = send(aggregator, "PATCH", path, {"expire": True}, {"If-Match": 'W/"1"'})
    assert stale.status == 412
    over = send(aggregator, "PATCH", path, {"expire": True},
                {"If-Match": longer.headers["etag"]})
    assert over.status == 200 and over.json["state"] == "expired"
    assert status(aggregator, alert) == "active"
    assert send(aggregator, "PATCH", path, {"expire": True}).json == over.json
    again = send(aggregator, "PATCH", path, {"ends_at": "2999-01-01T00:00:00Z"})
    assert again.status == 409 and again.json["code"] == "silence_expired"


def test_pending_silence_can_be_called_off(aggregator):
    silence = make(aggregator, starts_at="2999-01-01T00:00:00Z")
    over = send(aggregator, "PATCH", f"/silences/{silence['id']}", {"expire": True})
    assert over.status == 200 and over.json["state"] == "expired"


def test_weekly_silence_needs_no_end(aggregator):
    body = {k: v for k, v in SILENCE.items() if k != "duration_minutes"}
    silence = send(aggregator, "POST", "/silences", {**body, "weekly": WEEKLY}).json
    assert silence["ends_at"] is None and silence["state"] in ("active", "idle")
    path = f"/silences/{silence['id']}"
    ended = send(aggregator, "PATCH", path, {"ends_at": "2999-01-01T00:00:00Z"}).json
    assert ended["ends_at"] is not None
    assert send(aggregator, "PATCH", path, {"ends_at": None}).json["ends_at"] is None
    send(aggregator, "DELETE", path)


def without(*names, **changes):
    return {k: v for k, v in {**SILENCE, **changes}.items() if k not in names}


def windowed(**changes):
    return {**SILENCE, "weekly": {**WEEKLY, "windows": [
        {k: v for k, v in {**WEEKLY["windows"][0], **changes}.items() if v is not ...}]}}


M, W = ["body", "matchers"], ["body", "weekly", "windows", 0]


@pytest.mark.parametrize("body, faults", [
    ({}, [("missing", ["body", "matchers"]), ("missing", ["body", "ends_at"]),
          ("missing", ["body", "comment"])]),
    ([], [("dict_type", ["body"])]),
    (without("comment"), [("missing", ["body", "comment"])]),
    (without(comment=""), [("string_too_short", ["body", "comment"])]),
    (without(comment="x" * 2001), [("string_too_long", ["body", "comment"])]),
    (without(created_by="x" * 256), [("string_too_long", ["body", "created_by"])]),
    (without(matchers={}), [("too_short", M)]),
    (without(matchers=[]), [("dict_type", M)]),
    (without(matchers={"hostnam": "web-*"}), [("extra_forbidden", M + ["hostnam"])]),
    (without(matchers={"hostname": 5}), [("string_type", M + ["hostname"])]),
    (without(matchers={"hostname": ""}), [("string_too_short", M + ["hostname"])]),
    (without(matchers={"hostname": "a\0"}), [("string_nul", M + ["hostname"])]),
    (without(matchers={"source": "*" * 10_000}), [("pattern_too_complex", M + ["source"])]),
    (without(matchers={"rule_id": "5"}), [("uuid_parsing", M + ["rule_id"])]),
    (without(matchers={"severity": "HIGH"}), [("string_pattern_mismatch", M + ["severity"])]),
    (without(matchers={"severity": []}), [("too_short", M + ["severity"])]),
    (without(matchers={"severity": ["low", 5]}), [("string_type", M + ["severity", 1])]),
    (without("duration_minutes"), [("missing", ["body", "ends_at"])]),
    (without("duration_minutes", ends_at=None), [("value_error", ["body", "ends_at"])]),
    (without(duration_minutes=0), [("greater_than_equal", ["body", "duration_minutes"])]),
    (without(ends_at="2999-01-01"), [("value_error", ["body", "duration_minutes"])]),
    (without("duration_minutes", ends_at="yesterday"), [("datetime_parsing", ["body", "ends_at"])]),
    (without("duration_minutes", ends_at="2020-01-01"), [("value_error", ["body", "ends_at"])]),
    (without("duration_minutes", starts_at="2999-01-02", ends_at="2999-01-01"),
     [("value_error", ["body", "ends_at"])]),
    (without(weekly=[]), [("dict_type", ["body", "weekly"])]),
    (without(weekly={}), [("missing", ["body", "weekly", "time_zone"]),
                          ("missing", ["body", "weekly", "windows"])]),
    (without(weekly={**WEEKLY, "time_zone": "Mars/Olympus"}),
     [("value_error", ["body", "weekly", "time_zone"])]),
    (without(weekly={**WEEKLY, "time_zone": "Foo+3"}),
     [("value_error", ["body", "weekly", "time_zone"])]),
    (without(weekly={**WEEKLY, "windows": []}), [("too_short", W[:-1])]),
    (without(weekly={**WEEKLY, "windows": WEEKLY["windows"] * 22}), [("too_long", W[:-1])]),
    (windowed(days=["saturday"]), [("string_pattern_mismatch", W + ["days", 0])]),
    (windowed(days=[]), [("too_short", W + ["days"])]),
    (windowed(days=...), [("missing", W + ["days"])]),
    (windowed(start="24:00"), [("time_parsing", W + ["start"])]),
    (windowed(start="9:00"), [("time_parsing", W + ["start"])]),
    (windowed(end="06:60"), [("time_parsing", W + ["end"])]),
    (windowed(start="06:00"), [("value_error", W + ["end"])]),
    (windowed(end=...), [("missing", W + ["end"])]),
])
def test_bad_silences_are_refused_with_every_fault(aggregator, body, faults):
    before = aggregator.sql("SELECT count(*) FROM monitoring.silences")
    answer = send(aggregator, "POST", "/silences", body)
    assert answer.status == 422, answer.body
    assert answer.faults() == faults
    assert aggregator.sql("SELECT count(*) FROM monitoring.silences") == before


@pytest.mark.parametrize("body, faults", [
    ({"ends_at": "2020-01-01"}, [("value_error", ["body", "ends_at"])]),
    ({"ends_at": None}, [("value_error", ["body", "ends_at"])]),
    ({"ends_at": "2999-01-01", "expire": True}, [("value_error", ["body", "ends_at"])]),
    ({"expire": "perhaps", "comment": ""}, [("bool_parsing", ["body", "expire"]),
                                            ("string_too_short", ["body", "comment"])]),
    ([], [("dict_type", ["body"])]),
])
def test_bad_changes(aggregator, body, faults):
    silence = make(aggregator, matchers={"hostname": "nobody"})
    answer = send(aggregator, "PATCH", f"/silences/{silence['id']}", body)
    assert answer.status == 422 and answer.faults() == faults


def test_ids_and_methods(aggregator):
    assert aggregator.get("/api/v1/silences/5").faults() == [
        ("uuid_parsing", ["path", "silence_id"])]
    unknown = f"/silences/{uuid.uuid4()}"
    for method, body in (("GET", None), ("PATCH", {"expire": True}), ("DELETE", None)):
        answer = send(aggregator, method, unknown, body)
        assert answer.status == 404 and answer.json["detail"] == "Silence not found"
    assert send(aggregator, "PUT", unknown, {}).status == 405


def test_rights_and_names(aggregator):
    operator, viewer = aggregator.token("operator", "bob"), aggregator.token("viewer", "eve")
    body = without("created_by", matchers={"hostname": "nobody"})
    assert send(aggregator, "POST", "/silences", body, token=viewer).status == 403
    own = send(aggregator, "POST", "/silences", body, {"X-Request-ID": "silence-1"}, operator)
    assert own.status == 201 and own.json["created_by"] == "bob"
    other = send(aggregator, "POST", "/silences", {**body, "created_by": "alice"}, token=operator)
    assert other.status == 403
    assert send(aggregator, "POST", "/silences", body).json["created_by"] == "anonymous"
    path = f"/silences/{own.json['id']}"
    assert send(aggregator, "DELETE", path, token=viewer).status == 403
    assert send(aggregator, "DELETE", path, token=operator).status == 200
    rows = aggregator.sql("SELECT actor, action, object_type, detail->>'comment' FROM"
                          f" monitoring.audit WHERE object_id = '{own.json['id']}'"
                          " ORDER BY audit_id")
    assert rows == [["bob", "silence.create", "silence", "upgrade"],
                    ["bob", "silence.delete", "silence", "upgrade"]]


def test_repeated_post_with_a_key_makes_one_silence(aggregator):
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    body = without(matchers={"hostname": "nobody"})
    answers = [send(aggregator, "POST", "/silences", body, headers) for _ in range(2)]
    assert answers[0].body == answers[1].body and answers[1].status == 201
