"""Changes of alerts by the API: states, who may speak for whom, versions, the audit."""

import pytest

from chorus_harness import Aggregator
from posted_alerts import ALERT, TIME, history, patch, post


@pytest.fixture(scope="module")
def aggregator():
    """Gives clients without a token what they had with the original."""
    with Aggregator({"CHORUS_ANONYMOUS_ROLE": "operator"}) as running:
        yield running


def test_acknowledge_resolve_reopen(aggregator, alert):
    answer = patch(aggregator, alert, {"status": "acknowledged", "acknowledged_by": "alice",
                                       "comment": "looking"})
    assert answer.status == 200
    first = answer.json
    assert first["status"] == "acknowledged" and first["acknowledged_by"] == "alice"
    assert TIME.match(first["acknowledged_at"]) and first["resolved_at"] is None
    again = patch(aggregator, alert, {"status": "acknowledged", "acknowledged_by": "bob"})
    assert again.status == 200 and again.json == first
    resolved = patch(aggregator, alert, {"status": "resolved", "resolved_by": "bob"}).json
    assert resolved["resolved_by"] == "bob" and TIME.match(resolved["resolved_at"])
    assert resolved["acknowledged_at"] == first["acknowledged_at"]
    assert patch(aggregator, alert, {"status": "resolved"}).json == resolved
    for status in ("acknowledged", "suppressed"):
        refused = patch(aggregator, alert, {"status": status})
        assert refused.status == 409 and refused.json["code"] == "invalid_transition"
    reopened = patch(aggregator, alert, {"status": "active"}).json
    assert reopened["status"] == "active"
    for name in ("acknowledged_at", "acknowledged_by", "resolved_at", "resolved_by"):
        assert reopened[name] is None
    assert history(aggregator, alert) == [
        (None, "active", "anonymous", None), ("active", "acknowledged", "alice", "looking"),
        ("acknowledged", "resolved", "bob", None), ("resolved", "active", "anonymous", None)]
    suppressed = patch(aggregator, alert, {"status": "suppressed"}).json
    assert suppressed["status"] == "suppressed" and suppressed["suppressed_by"] is None


def test_nothing_to_change_changes_nothing(aggregator, alert):
    for body in ({}, {"status": "active"}, {"acknowledged_by": None, "comment": None},
                 {"unknown": 1}):
        answer = patch(aggregator, alert, body)
        assert answer.status == 200 and answer.json == alert
    assert len(history(aggregator, alert)) == 1


def test_comment_and_names_alone(aggregator, alert):
    patch(aggregator, alert, {"comment": "a remark"})
    assert history(aggregator, alert)[-1] == ("active", "active", "anonymous", "a remark")
    named = patch(aggregator, alert, {"acknowledged_by": "carol"}).json
    assert named["acknowledged_by"] == "carol" and named["status"] == "active"
    acknowledged = patch(aggregator, alert, {"status": "acknowledged"}).json
    assert acknowledged["acknowledged_by"] == "anonymous"


@pytest.mark.parametrize("body, faults", [
    ({"status": None}, [("string_type", ["body", "status"])]),
    ({"status": "closed"}, [("string_pattern_mismatch", ["body", "status"])]),
    ({"status": 1}, [("string_type", ["body", "status"])]),
    ({"acknowledged_by": "x" * 256, "resolved_by": 5},
     [("string_too_long", ["body", "acknowledged_by"]), ("string_type", ["body", "resolved_by"])]),
    ({"comment": "x" * 2001}, [("string_too_long", ["body", "comment"])]),
    ({"comment": "a\0"}, [("string_nul", ["body", "comment"])]),
    ([], [("dict_type", ["body"])]),
    (b"", [("missing", ["body"])]),
    (b"{", [("json_invalid", ["body", 1])]),
])
def test_bad_changes(aggregator, alert, body, faults):
    answer = patch(aggregator, alert, body)
    assert answer.status == 422 and answer.faults() == faults
    assert aggregator.get(f"/api/v1/alerts/{alert['id']}").json == alert


def test_only_administrators_speak_for_others(aggregator, alert):
    operator, admin = aggregator.token("operator", "alice"), aggregator.token("admin", "root")
    viewer = aggregator.token("viewer", "eve")
    for field in ("acknowledged_by", "resolved_by"):
        refused = patch(aggregator, alert, {"status": "acknowledged", field: "bob"}, token=operator)
        assert refused.status == 403 and refused.json["code"] == "forbidden"
        assert field in refused.json["detail"]
    assert aggregator.get(f"/api/v1/alerts/{alert['id']}").json == alert
    assert patch(aggregator, alert, {"status": "resolved"}, token=viewer).status == 403
    assert post(aggregator, ALERT, token=viewer).status == 403
    own = patch(aggregator, alert, {"status": "acknowledged"}, token=operator).json
    assert own["acknowledged_by"] == "alice"
    other = patch(aggregator, alert, {"status": "resolved", "resolved_by": "bob"}, token=admin)
    assert other.json["resolved_by"] == "bob"
    assert history(aggregator, alert)[-1] == ("acknowledged", "resolved", "root", None)


def test_versions_are_told_by_weak_tags(aggregator, alert):
    path = f"/api/v1/alerts/{alert['id']}"
    tag = aggregator.get(path).headers["etag"]
    assert tag.startswith('W/"')
    cached = aggregator.get(path, headers={"If-None-Match": f'"x", {tag}'})
    assert cached.status == 304 and cached.body == b"" and cached.headers["etag"] == tag
    assert aggregator.get(path, headers={"If-None-Match": 'W/"x"'}).status == 200
    changed = patch(aggregator, alert, {"status": "acknowledged"}, headers={"If-Match": tag})
    assert changed.status == 200 and changed.headers["etag"] != tag
    stale = patch(aggregator, alert, {"status": "resolved"}, headers={"If-Match": tag})
    assert stale.status == 412 and stale.json["code"] == "precondition_failed"
    assert aggregator.get(path).json["status"] == "acknowledged"
    assert patch(aggregator, alert, {}, headers={"If-Match": "*"}).status == 200
    assert aggregator.get(path, headers={"If-None-Match": tag}).status == 200


def test_every_change_is_in_the_audit(aggregator):
    token = aggregator.token("operator", "auditor's friend")
    made = post(aggregator, ALERT, token=token, headers={"X-Request-ID": "audit-1"}).json
    patch(aggregator, made, {"status": "acknowledged", "comment": "mine"}, token=token,
          headers={"X-Request-ID": "audit-2"})
    patch(aggregator, made, {"status": "acknowledged"}, token=token)
    patch(aggregator, made, {"status": "closed"}, token=token)
    rows = aggregator.sql(
        "SELECT actor, token_id IS NOT NULL, action, object_type, client_ip, request_id,"
        f" detail->>'comment' FROM monitoring.audit WHERE object_id = '{made['id']}'"
        " ORDER BY audit_id")
    assert rows == [
        ["auditor's friend", "t", "alert.create", "alert", "127.0.0.1", "audit-1", ""],
        ["auditor's friend", "t", "alert.update", "alert", "127.0.0.1", "audit-2", "mine"]]
