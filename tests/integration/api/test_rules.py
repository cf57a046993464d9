"""Alert rules: their endpoints and every bad input of them."""

import concurrent.futures
import json
import uuid

import pytest

from batch_maker import BatchMaker
from held_lock import HeldLock

EXAMPLES = [
    {"name": "High CPU Usage", "rule_type": "system_metric",
     "condition": {"metric_type": "cpu_usage_percent", "operator": ">", "threshold": 85.0,
                   "time_window_minutes": 5}, "severity": "high", "cooldown_minutes": 15},
    {"name": "Chat Service Down", "rule_type": "service_health",
     "condition": {"service_name": "chat-service", "max_response_time_ms": 5000},
     "severity": "critical", "cooldown_minutes": 5},
    {"name": "High Python Memory Usage", "rule_type": "process_metric",
     "condition": {"process_name": "python", "metric_field": "memory_percent", "operator": ">",
                   "threshold": 80.0}, "severity": "medium", "cooldown_minutes": 10},
]
FIELDS = {"id", "name", "description", "rule_type", "condition", "severity",
          "notification_channels", "cooldown_minutes", "is_active", "created_at", "updated_at",
          "last_triggered_at", "state", "last_error", "stock", "warnings"}


class Client:
    def __init__(self, aggregator):
        self.aggregator = aggregator
        self.token = aggregator.token("operator")

    def call(self, method, path="", body=None, **headers):
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        return self.aggregator.request(method, "/api/v1/alert-rules" + path, body, headers,
                                       self.token)

    def create(self, name=None, **changes):
        rule = {**EXAMPLES[0], "name": name or f"rule {uuid.uuid4()}", **changes}
        answer = self.call("POST", body=rule)
        assert answer.status == 201, answer.body
        return answer.json


@pytest.fixture(scope="module")
def rules(aggregator):
    return Client(aggregator)


def test_the_examples_are_accepted_as_written(rules):
    for example in EXAMPLES:
        answer = rules.call("POST", body=example)
        assert answer.status == 201, answer.body
        rule = answer.json
        assert set(rule) == FIELDS
        assert {name: rule[name] for name in example} == example
        assert rule["is_active"] is True and rule["notification_channels"] == []
        assert rule["description"] is None and rule["last_triggered_at"] is None
        assert answer.headers["location"] == "/api/v1/alert-rules/" + rule["id"]
        assert rules.call("GET", "/" + rule["id"]).json == rule
        assert rules.call("GET", "/" + rule["id"].upper()).json == rule


def test_rules_are_listed_by_name_in_pages(rules):
    names = [f"listed {i}" for i in range(5)]
    for name in reversed(names):
        rules.create(name, is_active=name != "listed 3")
    listed = [rule["name"] for rule in rules.call("GET", "?limit=1000").json]
    assert listed == sorted(listed) and set(names) <= set(listed)
    active = [rule["name"] for rule in rules.call("GET", "?active_only=yes&limit=1000").json]
    assert set(listed) - set(active) == {"listed 3"}
    first = rules.call("GET", "?limit=2&count=true")
    assert [rule["name"] for rule in first.json] == listed[:2]
    assert first.headers["x-total-count"] == str(len(listed)) and "skip=2" in first.headers["link"]
    assert [r["name"] for r in rules.call("GET", "?skip=2&limit=2").json] == listed[2:4]
    services = rules.call("GET", "?rule_type=service_health&limit=1000").json
    assert {rule["rule_type"] for rule in services} == {"service_health"}


@pytest.mark.parametrize("query, fault", [
    ("active_only=maybe", "bool_parsing"), ("skip=-1", "greater_than_equal"),
    ("limit=0", "greater_than_equal"), ("limit=1001", "less_than_equal"),
    ("rule_type=cpu", "string_pattern_mismatch")])
def test_bad_parameters_of_the_list_are_told(rules, query, fault):
    answer = rules.call("GET", "?" + query)
    assert answer.status == 422
    assert answer.faults() == [(fault, ["query", query.split("=")[0]])]


def test_a_name_is_taken_whatever_its_case_and_unicode_form(rules):
    rules.create("Grenze \u00fcberschritten")
    for name in ("Grenze \u00fcberschritten", "GRENZE \u00dcBERSCHRITTEN",
                 "grenze u\u0308berschritten"):
        answer = rules.call("POST", body={**EXAMPLES[0], "name": name})
        assert answer.status == 409 and answer.json["code"] == "name_exists", name


def test_of_twins_at_once_exactly_one_is_stored(rules):
    body = {**EXAMPLES[0], "name": "twin"}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: rules.call("POST", body=body).status, range(16)))
    assert sorted(codes) == [201] + [409] * 15
    assert rules.aggregator.sql(
        "SELECT count(*) FROM monitoring.alert_rules WHERE name = 'twin'") == [["1"]]


@pytest.mark.parametrize("change, faults", [
    ({"condition": {"metric_type": "m", "operator": "=>", "threshold": 1}},
     [("string_pattern_mismatch", ["body", "condition", "operator"])]),
    ({"condition": {"metric_type": "m", "threshold": "abc"}},
     [("float_parsing", ["body", "condition", "threshold"])]),
    ({"condition": {"metric_type": "m", "threshold": 1, "time_window_minutes": 0}},
     [("greater_than_equal", ["body", "condition", "time_window_minutes"])]),
    ({"condition": {"metric_type": "m", "threshold": 1, "time_window_minutes": 1441}},
     [("less_than_equal", ["body", "condition", "time_window_minutes"])]),
    ({"cooldown_minutes": -1}, [("greater_than_equal", ["body", "cooldown_minutes"])]),
    ({"rule_type": "cpu"}, [("string_pattern_mismatch", ["body", "rule_type"])]),
    ({"condition": {"metric_type": "m", "threshold": 1, "process_name": "x"}},
     [("unexpected_field", ["body", "condition", "process_name"])]),
    ({"condition": {"metric_type": "m", "threshold": 1, "hostname": "*" * 10_000}},
     [("pattern_too_complex", ["body", "condition", "hostname"])]),
    ({"rule_type": "process_metric",
      "condition": {"process_name": "x", "metric_field": "memory", "threshold": 1}},
     [("string_pattern_mismatch", ["body", "condition", "metric_field"])]),
    ({"condition": {"metric_type": "m", "threshold": "NaN"}},
     [("float_parsing", ["body", "condition", "threshold"])]),
    ({"severity": "HIGH"}, [("string_pattern_mismatch", ["body", "severity"])]),
    ({"name": "x" * 256}, [("string_too_long", ["body", "name"])]),
])
def test_bad_rules_are_refused_and_store_nothing(rules, change, faults):
    before = rules.aggregator.sql("SELECT count(*) FROM monitoring.alert_rules")
    answer = rules.call("POST", body={**EXAMPLES[0], "name": "bad", **change})
    assert answer.status == 422 and answer.faults() == faults
    assert rules.aggregator.sql("SELECT count(*) FROM monitoring.alert_rules") == before


@pytest.mark.parametrize("rule_type, condition, member", [
    ("process_metric", {"process_name": "x", "threshold": 1}, "username"),
    ("process_metric", {"process_name": "x", "threshold": 1}, "container_id"),
    ("system_metric", {"metric_type": "cpu_usage_percent", "threshold": 1}, "treshold"),
    ("service_health", {"service_name": "x"}, "max_response_time"),
    ("host_silent", {}, "host")])
def test_a_member_of_a_condition_that_nobody_knows_is_refused(rules, rule_type, condition, member):
    before = rules.aggregator.sql("SELECT count(*) FROM monitoring.alert_rules")
    body = {**EXAMPLES[0], "name": "bad", "rule_type": rule_type,
            "condition": {**condition, member: "root"}}
    where = [("extra_forbidden", ["body", "condition", member])]
    for path in ("", "/test"):
        answer = rules.call("POST", path, body)
        assert answer.status == 422 and answer.faults() == where
        assert all(name in answer.json["detail"][0]["msg"] for name in condition)
    assert rules.aggregator.sql("SELECT count(*) FROM monitoring.alert_rules") == before
    mine = rules.create(rule_type=rule_type, condition=condition)
    change = rules.call("PATCH", "/" + mine["id"], {"condition": {**condition, member: "root"}})
    assert change.status == 422 and change.faults() == where
    assert rules.call("GET", "/" + mine["id"]).json == mine


def test_a_metric_that_no_host_sends_is_told(rules):
    def warnings(metric_type, **more):
        rule = rules.create(condition={"metric_type": metric_type, "threshold": 1, **more})
        assert rules.call("GET", "/" + rule["id"]).json == rule
        listed = {r["id"]: r for r in rules.call("GET", "?limit=1000").json}
        assert listed[rule["id"]] == rule
        return rule["warnings"]

    assert warnings("cpu_usage_percent") == []
    told = warnings("load_average_1m")
    assert [w["code"] for w in told] == ["metric_unknown"]
    assert told[0]["field"] == "/condition/metric_type"
    assert "load_average_1m" in told[0]["message"] and "load_avg_1min" in told[0]["message"]
    assert len(warnings("cpu_usage_percent", divided_by="cpu_cuont")) == 1
    assert len(warnings("queue_length")) == 1
    assert rules.aggregator.ingest(BatchMaker("web-09").make({"queue_length": (1, "")}),
                                   rules.aggregator.token()).status == 200
    assert warnings("queue_length") == []
    rules.aggregator.sql("UPDATE monitoring.layouts SET last_used_day = current_date - 2")
    assert len(warnings("queue_length")) == 1


def test_fields_of_a_rule_that_are_ignored_are_told(rules):
    rule = rules.create(descripton="x", id="y")
    assert len(rule["warnings"]) == 2 and "description" in rule["warnings"][0]["message"]
    assert [w["field"] for w in rule["warnings"]] == ["/descripton", "/id"]
    assert rules.call("GET", "/" + rule["id"]).json["warnings"] == []
    answer = rules.call("PATCH", "/" + rule["id"], {"cooldown": 5})
    assert answer.status == 200 and "cooldown_minutes" in answer.json["warnings"][0]["message"]


def test_a_rule_from_before_is_told_to_ignore_what_it_has(rules):
    rule = rules.create()
    rules.aggregator.sql("UPDATE monitoring.alert_rules SET condition = condition || "
                         f"'{{\"usernme\": \"root\"}}' WHERE id = '{rule['id']}'")
    told = rules.call("GET", "/" + rule["id"]).json["warnings"]
    assert [(w["code"], w["field"]) for w in told] == [("field_ignored", "/condition/usernme")]


def test_bodies_that_are_no_json_are_told_so(rules):
    assert rules.call("POST", body=b'{"threshold": NaN}').faults() == [("json_invalid", ["body", 14])]
    infinite = rules.call("POST", body=b'{"threshold": 1e400}')
    assert infinite.status == 422 and infinite.faults() == [("number_invalid", ["body", 14])]
    assert rules.call("POST", body=b"{").faults()[0][0] == "json_invalid"
    assert rules.call("POST", body=b"").faults() == [("missing", ["body"])]
    assert rules.call("POST", body=b"[]").faults() == [("dict_type", ["body"])]
    assert rules.call("POST", body=b"{}", Content_Type="text/plain").status == 415
    nul = json.dumps({**EXAMPLES[0], "name": "nul",
                      "condition": {**EXAMPLES[0]["condition"], "x": "\0"}}).encode()
    assert rules.call("POST", body=nul).status == 422


def test_a_change_touches_only_what_it_names(rules):
    rule = rules.create("to change", description="before")
    path = "/" + rule["id"]
    assert rules.call("PATCH", path, {}).json == rule
    answer = rules.call("PATCH", path, {"severity": "low", "description": None})
    changed = {**rule, "severity": "low", "description": None}
    assert answer.status == 200 and {**answer.json, "updated_at": rule["updated_at"]} == changed
    assert answer.json["updated_at"] > rule["updated_at"]
    condition = {"metric_type": "memory_usage_percent", "threshold": 5}
    assert rules.call("PATCH", path, {"condition": condition}).json["condition"] == condition
    assert rules.call("PATCH", path, {"name": "changed"}).json["name"] == "changed"
    assert rules.call("PATCH", path, {"is_active": False}).json["state"] == "inactive"


@pytest.mark.parametrize("body, fault", [
    ({"name": None}, ("string_type", ["body", "name"])),
    ({"condition": {"service_name": "x", "metric_type": "m", "threshold": 1}},
     ("unexpected_field", ["body", "condition", "service_name"])),
    ({"rule_type": "service_health"}, ("value_error", ["body", "rule_type"]))])
def test_bad_changes_are_refused(rules, body, fault):
    rule = rules.create()
    answer = rules.call("PATCH", "/" + rule["id"], body)
    assert answer.status == 422 and answer.faults() == [fault]
    assert rules.call("GET", "/" + rule["id"]).json == rule


def test_the_name_of_another_rule_is_taken_for_a_change_too(rules):
    rules.create("one")
    two = rules.create("two")
    assert rules.call("PATCH", "/" + two["id"], {"name": "ONE"}).status == 409
    assert rules.call("PATCH", "/" + two["id"], {"name": "TWO"}).json["name"] == "TWO"


@pytest.mark.parametrize("method, body", [("GET", None), ("PATCH", {}), ("DELETE", None)])
def test_unknown_and_malformed_ids(rules, method, body):
    answer = rules.call(method, "/" + str(uuid.uuid4()), body)
    assert answer.status == 404 and answer.json["detail"] == "Alert rule not found"
    assert answer.json["code"] == "rule_not_found"
    answer = rules.call(method, "/not-a-uuid", body)
    assert answer.status == 422 and answer.faults() == [("uuid_parsing", ["path", "rule_id"])]


def test_a_stale_version_is_not_changed(rules):
    rule = rules.create()
    path = "/" + rule["id"]
    etag = rules.call("GET", path).headers["etag"]
    assert rules.call("GET", path, If_None_Match=etag).status == 304
    assert rules.call("PATCH", path, {"severity": "low"}, If_Match=etag).status == 200
    for method, body in (("PATCH", {"severity": "info"}), ("DELETE", None)):
        answer = rules.call(method, path, body, If_Match=etag)
        assert answer.status == 412 and answer.json["code"] == "precondition_failed"
    assert rules.call("GET", path).json["severity"] == "low"


def test_a_deleted_rule_closes_its_alerts(rules):
    rule = rules.create()
    rules.aggregator.sql(
        "INSERT INTO monitoring.alerts (alert_type, severity, source, title, rule_id, fingerprint)"
        f" VALUES ('system_metric', 'high', 'system:x', 't', '{rule['id']}', '{uuid.uuid4()}')")
    answer = rules.call("DELETE", "/" + rule["id"])
    assert answer.status == 200
    assert answer.json == {"message": "Alert rule deleted successfully"}
    assert rules.call("DELETE", "/" + rule["id"]).status == 404
    assert rules.aggregator.sql(
        "SELECT a.status, a.resolved_by, t.to_status, t.comment, t.actor FROM monitoring.alerts a"
        " JOIN monitoring.alert_transitions t ON t.alert_id = a.id"
        f" WHERE a.rule_id = '{rule['id']}' AND t.to_status = 'resolved'") == [
            ["resolved", "rule_deleted", "resolved", "rule_deleted", "test"]]


def test_viewers_read_and_do_not_write(rules):
    rule = rules.create()
    viewer = Client(rules.aggregator)
    viewer.token = rules.aggregator.token("viewer")
    assert viewer.call("GET", "/" + rule["id"]).status == 200
    for method, path, body in (("POST", "", EXAMPLES[0]), ("PATCH", "/" + rule["id"], {}),
                               ("DELETE", "/" + rule["id"], None)):
        assert viewer.call(method, path, body).status == 403


def test_a_dry_run_goes_back_as_far_as_samples_are_kept(rules):
    for example, most in zip(EXAMPLES, (30, 30, 7)):
        assert rules.call("POST", f"/test?days={most}", example).status == 200
        answer = rules.call("POST", f"/test?days={most + 1}", example)
        assert answer.status == 422
        assert answer.faults() == [("less_than_equal", ["query", "days"])]
        assert answer.json["detail"][0]["ctx"] == {"le": most}


def test_a_dry_run_that_takes_too_long_is_given_up(rules):
    """It waits for a lock until the time of a statement is over."""
    agent = rules.aggregator.token(name="slow")
    assert rules.aggregator.ingest(BatchMaker("slow").make(), agent).status == 200
    with HeldLock(rules.aggregator, "LOCK monitoring.system_batches IN ACCESS EXCLUSIVE MODE"):
        answer = rules.call("POST", "/test?days=1", EXAMPLES[0])
    assert answer.status == 503 and answer.json["code"] == "query_timeout"
    assert int(answer.headers["retry-after"]) > 0
