"""Alerts by the API: shapes, filters and pages, and every bad input."""

import json
import re
import uuid

import pytest

from chorus_harness import Aggregator
from posted_alerts import ALERT, TIME, patch, post

FIELDS = {"id", "alert_type", "severity", "source", "title", "summary", "description", "alert_metadata",
          "status", "acknowledged_at", "acknowledged_by", "resolved_at", "resolved_by",
          "created_at", "updated_at", "hostname", "rule_id", "fingerprint", "occurrences",
          "last_seen_at", "suppressed_by"}
HOSTILE = ["<img src=x onerror=alert(1)>", "'; DROP TABLE monitoring.alerts; --", "%' OR 1=1",
           "\x1b[31mred\x07", "\u202egnp.exe", "${jndi:ldap://x}", "../../etc/passwd", "\U0001f600"]


@pytest.fixture(scope="module")
def aggregator():
    """Gives clients without a token what they had with the original."""
    with Aggregator({"CHORUS_ANONYMOUS_ROLE": "operator"}) as running:
        yield running


def test_posted_alert_is_the_alert_of_the_contract(aggregator):
    answer = post(aggregator, ALERT)
    assert answer.status == 201
    alert = answer.json
    assert answer.headers["location"] == f"/api/v1/alerts/{alert['id']}"
    assert set(alert) == FIELDS | {"context", "context_taken_at"}
    assert {name: alert[name] for name in ALERT} == ALERT
    assert alert["status"] == "active" and alert["occurrences"] == 1
    assert alert["id"] == str(uuid.UUID(alert["id"]))
    for name in ("created_at", "updated_at", "last_seen_at"):
        assert TIME.match(alert[name])
    for name in ("acknowledged_at", "acknowledged_by", "resolved_at", "resolved_by", "context"):
        assert alert[name] is None
    read = aggregator.get(answer.headers["location"])
    assert read.status == 200 and read.json == alert
    listed = aggregator.get("/api/v1/alerts?limit=1").json
    assert set(listed[0]) == FIELDS and listed[0]["id"] == alert["id"]


def test_optional_fields_have_defaults_and_unknown_ones_are_ignored(aggregator):
    body = {k: ALERT[k] for k in ("alert_type", "severity", "source", "title")}
    alert = post(aggregator, {**body, "description": None, "status": "resolved", "x": 1}).json
    assert alert["description"] is None and alert["alert_metadata"] == {}
    assert alert["status"] == "active"
    assert post(aggregator, {**body, "hostname": "web-01"}).json["hostname"] == "web-01"


def test_equal_posts_are_two_alerts(aggregator):
    assert post(aggregator, ALERT).json["id"] != post(aggregator, ALERT).json["id"]


def test_characters_are_counted_not_bytes(aggregator):
    assert post(aggregator, {**ALERT, "title": "ü" * 255, "source": "😀" * 255}).status == 201
    assert post(aggregator, {**ALERT, "title": "ü" * 256}).faults() == [
        ("string_too_long", ["body", "title"])]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_stored_as_text(aggregator, text):
    answer = post(aggregator, {**ALERT, "title": text, "source": text, "description": text,
                               "alert_metadata": {text: text}})
    assert answer.status == 201
    read = aggregator.get(answer.headers["location"])
    assert read.headers["content-type"] == "application/json"
    assert read.json["title"] == text and read.json["alert_metadata"] == {text: text}


BAD_BODIES = [
    ({**ALERT, "title": "x" * 256}, [("string_too_long", ["body", "title"])]),
    ({**ALERT, "alert_type": "x" * 101}, [("string_too_long", ["body", "alert_type"])]),
    ({**ALERT, "source": "x" * 256}, [("string_too_long", ["body", "source"])]),
    ({k: v for k, v in ALERT.items() if k != "source"}, [("missing", ["body", "source"])]),
    ({**ALERT, "severity": "HIGH"}, [("string_pattern_mismatch", ["body", "severity"])]),
    ({**ALERT, "severity": None}, [("string_type", ["body", "severity"])]),
    ({**ALERT, "title": 5}, [("string_type", ["body", "title"])]),
    ({**ALERT, "title": ""}, [("string_too_short", ["body", "title"])]),
    ({**ALERT, "title": "a\0b"}, [("string_nul", ["body", "title"])]),
    ({**ALERT, "description": ["x"]}, [("string_type", ["body", "description"])]),
    ({**ALERT, "description": "x" * 40_000}, [("string_too_long", ["body", "description"])]),
    ({**ALERT, "alert_metadata": [1]}, [("dict_type", ["body", "alert_metadata"])]),
    ({**ALERT, "alert_metadata": None}, [("dict_type", ["body", "alert_metadata"])]),
    ({**ALERT, "alert_metadata": {"x": "y" * 17_000}}, [("too_long", ["body", "alert_metadata"])]),
    ({**ALERT, "alert_metadata": {"x": "a\0b"}}, [("value_error", ["body"])]),
    ({}, [("missing", ["body", name]) for name in ("alert_type", "severity", "source", "title")]),
    ([ALERT], [("dict_type", ["body"])]),
    (None, [("dict_type", ["body"])]),
    (b"", [("missing", ["body"])]),
    (b'{"title": ', [("json_invalid", ["body", 10])]),
    (b"[" * 20_000, [("json_too_deep", None)]),
    (b'{"title": "\xff"}', [("invalid_utf8", None)]),
    (b'{"title": "a", "title": "b"}', [("json_duplicate_key", None)]),
]


@pytest.mark.parametrize("body, faults", BAD_BODIES)
def test_bad_alert_is_refused_with_every_fault_and_stores_nothing(aggregator, body, faults):
    before = aggregator.get("/api/v1/alerts/stats").json
    answer = post(aggregator, body)
    assert answer.status == 422, answer.body
    assert [t for t, _ in answer.faults()] == [t for t, _ in faults]
    for (_, loc), (_, wanted) in zip(answer.faults(), faults):
        assert wanted is None or loc == wanted
    assert aggregator.get("/api/v1/alerts/stats").json == before
    as_problem = post(aggregator, body, headers={"Accept": "application/problem+json"})
    assert as_problem.status == 422
    assert [e["code"] for e in as_problem.json["errors"]] == [t for t, _ in faults]


def test_bodies_that_are_too_large_or_no_json_are_refused(aggregator):
    assert post(aggregator, b"x" * 70_000).status == 413
    answer = aggregator.request("POST", "/api/v1/alerts", "a=b",
                                {"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == 415


def test_list_is_filtered(aggregator):
    mine = str(uuid.uuid4())
    ids = {}
    for severity, host in (("low", "web-01"), ("high", "web-01"), ("info", "db-01")):
        body = {**ALERT, "alert_type": mine, "severity": severity, "hostname": host,
                "source": f"s:{severity},{host}"}
        ids[severity] = post(aggregator, body).json["id"]

    def found(query):
        answer = aggregator.get(f"/api/v1/alerts?alert_type={mine}&{query}")
        assert answer.status == 200, answer.body
        return {alert["severity"] for alert in answer.json}

    patch(aggregator, {"id": ids["low"]}, {"status": "resolved"})
    assert found("") == {"low", "high", "info"}
    assert found("status=active") == {"high", "info"}
    assert found("status=active,resolved") == {"low", "high", "info"}
    assert found("status=resolved&status=suppressed") == {"low"}
    assert found("severity=high,info") == {"high", "info"}
    assert found("hostname=web-01&severity=high") == {"high"}
    assert found("hostname=web-01,db-01") == {"low", "high", "info"}
    assert found("source=s:high,web-01") == {"high"}
    assert found(f"rule_id={uuid.uuid4()}") == set()
    assert found("since=2020-01-01T00:00:00%2B01:00") == {"low", "high", "info"}
    assert found("since=2999-01-01") == set()
    assert found("unknown=parameter&strict=1") == {"low", "high", "info"}
    assert aggregator.get("/api/v1/alerts?alert_type=%25' OR 1=1".replace(" ", "%20")).json == []


def test_pages_follow_their_links(aggregator):
    kind = str(uuid.uuid4())
    for _ in range(7):
        post(aggregator, {**ALERT, "alert_type": kind})
    whole = aggregator.get(f"/api/v1/alerts?alert_type={kind}&count=true")
    assert whole.headers["x-total-count"] == "7" and "link" not in whole.headers
    times = [alert["created_at"] for alert in whole.json]
    assert times == sorted(times, reverse=True)
    path, ids = f"/api/v1/alerts?alert_type={kind}&limit=3", []
    while path:
        answer = aggregator.get(path)
        ids += [alert["id"] for alert in answer.json]
        link = answer.headers.get("link")
        path = re.match(r'<([^>]+)>; rel="next"', link)[1] if link else None
    assert ids == [alert["id"] for alert in whole.json]
    for name in ("skip", "offset"):
        page = aggregator.get(f"/api/v1/alerts?alert_type={kind}&{name}=5").json
        assert page == whole.json[5:]
    foreign = re.search("cursor=([^>&]+)", aggregator.get(
        f"/api/v1/alerts?alert_type={kind}&limit=3").headers["link"])[1]
    assert aggregator.get(f"/api/v1/alerts?cursor={foreign}").faults() == [
        ("cursor_invalid", ["query", "cursor"])]


@pytest.mark.parametrize("query, faults", [
    ("status=open", [("string_pattern_mismatch", "status")]),
    ("severity=HIGH", [("string_pattern_mismatch", "severity")]),
    ("status=active,closed&severity=bad", [("string_pattern_mismatch", "status"),
                                           ("string_pattern_mismatch", "severity")]),
    ("skip=-1", [("greater_than_equal", "skip")]),
    ("limit=0", [("greater_than_equal", "limit")]),
    ("limit=1001", [("less_than_equal", "limit")]),
    ("limit=abc", [("int_parsing", "limit")]),
    ("limit=", [("int_parsing", "limit")]),
    ("limit=1&limit=2", [("duplicate", "limit")]),
    ("rule_id=5", [("uuid_parsing", "rule_id")]),
    ("since=2024-13-01", [("datetime_from_date_parsing", "since")]),
    ("count=maybe", [("bool_parsing", "count")]),
    ("cursor=1.2.3", [("cursor_invalid", "cursor")]),
    ("hostname=" + "x" * 256, [("string_too_long", "hostname")]),
    ("hostname=a%00b", [("string_nul", "hostname")]),
    ("source=a%00b", [("string_nul", "source")]),
    ("alert_type=" + ",".join("abcdefghij" * 6), [("too_long", "alert_type")]),
])
def test_bad_list_parameters(aggregator, query, faults):
    answer = aggregator.get("/api/v1/alerts?" + query)
    assert answer.status == 422
    assert answer.faults() == [(kind, ["query", name]) for kind, name in faults]


def test_ids_are_uuids_in_any_case(aggregator, alert):
    for path in ("/api/v1/alerts/5", "/api/v1/alerts/5/transitions"):
        assert aggregator.get(path).faults() == [("uuid_parsing", ["path", "alert_id"])]
    assert post(aggregator, {}, "/api/v1/alerts/5", "PATCH").status == 422
    unknown = f"/api/v1/alerts/{uuid.uuid4()}"
    for answer in (aggregator.get(unknown), aggregator.get(unknown + "/transitions"),
                   post(aggregator, {"status": "resolved"}, unknown, "PATCH")):
        assert answer.status == 404 and answer.json["detail"] == "Alert not found"
        assert answer.json["code"] == "alert_not_found"
        assert answer.headers["content-type"] == "application/problem+json"
    assert aggregator.get(f"/api/v1/alerts/{alert['id'].upper()}").json["id"] == alert["id"]
    assert aggregator.request("HEAD", f"/api/v1/alerts/{alert['id']}").status == 200
    assert aggregator.request("DELETE", f"/api/v1/alerts/{alert['id']}").status == 405
    slash = aggregator.get(f"/api/v1/alerts/{alert['id']}/")
    assert slash.status == 307 and slash.headers["location"] == f"/api/v1/alerts/{alert['id']}"


def test_stats_win_over_an_id_and_count(fresh):
    token = fresh.token("operator", "alice")
    for severity in ("critical", "low", "low"):
        made = post(fresh, {**ALERT, "severity": severity}, token=token).json
    patch(fresh, made, {"status": "resolved"}, token=token)
    stats = fresh.get("/api/v1/alerts/stats?unknown=1").json
    assert stats == {
        "total_alerts": 3, "active_alerts": 2, "acknowledged_alerts": 0, "resolved_alerts": 1,
        "suppressed_alerts": 0, "critical_alerts": 1, "high_alerts": 0, "medium_alerts": 0,
        "low_alerts": 2, "info_alerts": 0,
        "active_by_severity": {"critical": 1, "high": 0, "medium": 0, "low": 1, "info": 0}}
    refused = fresh.request("POST", "/api/v1/alerts/stats", "")
    assert refused.status == 405 and "GET" in refused.headers["allow"]
    overview = fresh.get("/api/v1/dashboard/overview").json
    assert overview["alert_stats"] == stats
    assert [a["severity"] for a in overview["active_alerts"]] == ["low", "critical"]
    for _ in range(12):
        made = post(fresh, ALERT, token=token).json
    newest = fresh.get("/api/v1/dashboard/overview").json["active_alerts"]
    assert len(newest) == 10 and newest[0]["id"] == made["id"]


SNAPSHOT = {"hostname": "web-01", "process_table_at": "2026-01-02T10:00:00.000Z",
            "compared_with": None, "by_cpu": [
                {"process_name": "cc1plus", "process_id": 812, "username": "root", "unit": "",
                 "started_at": None, "cpu_percent": 99.5, "memory_mb": None,
                 "io_bytes_per_sec": None, "fd_count": 7, "change": None}],
            "by_memory": [], "by_io": [], "by_open_files": []}


def test_snapshot_of_the_host_comes_with_the_single_alert(aggregator, alert):
    aggregator.sql("INSERT INTO monitoring.alert_contexts VALUES ('" + alert["id"] +
                   "', '2026-01-02 10:00+00', '" + json.dumps(SNAPSHOT) + "')")
    read = aggregator.get(f"/api/v1/alerts/{alert['id']}").json
    assert read["context"] == SNAPSHOT
    assert read["context_taken_at"] == "2026-01-02T10:00:00.000Z"


def test_reading_has_no_side_effects(aggregator, alert):
    count = "SELECT (SELECT count(*) FROM monitoring.alert_transitions), " \
            "(SELECT count(*) FROM monitoring.audit), (SELECT count(*) FROM monitoring.alerts)"
    before = aggregator.sql(count)
    for path in ("", "/stats", f"/{alert['id']}", f"/{alert['id']}/transitions"):
        assert aggregator.get("/api/v1/alerts" + path).status == 200
    assert aggregator.sql(count) == before


def test_number_of_open_alerts_is_bounded():
    with Aggregator({"CHORUS_ANONYMOUS_ROLE": "operator", "CHORUS_MAX_OPEN_ALERTS": "2"}) as small:
        first, _ = post(small, ALERT).json, post(small, ALERT)
        no = post(small, ALERT)
        told = (no.status, no.json["code"], no.headers["retry-after"])
        assert told == (429, "too_many_alerts", "60")
        patch(small, first, {"status": "resolved"})
        assert post(small, ALERT).status == 201
