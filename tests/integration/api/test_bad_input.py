"""Malformed queries and bodies, made from the description of the API: each is told, none is stored."""

import itertools
import json
import urllib.parse

import pytest

from bad_input import (DOCUMENT, bad_members, bad_texts, changed, misspelt, operations,
                       query_parameters, resolve)
from batch_maker import BatchMaker
from chorus_harness import Aggregator

OPERATIONS = {operation["operationId"]: (method, path, operation)
              for method, path, operation in operations()}
SOME_ID = "00000000-0000-4000-8000-000000000000"
IN_PATH = {"hostname": "web-01", "name": "web", "path": "index.html", "token_id": "1"}
NEEDED = {"hostname": "web-01", "metric_type": "cpu_usage_percent", "process_id": "1"}
ROLES = {"ingest": "agent", "agentStream": "agent", "enroll": "enrol"}

CONDITIONS = {
    "system_metric": ("SystemMetricCondition", {
        "metric_type": "cpu_usage_percent", "threshold": 90, "tags": {"mountpoint": "/var"},
        "host_labels": {"env": "prod"}, "divided_by": "cpu_count", "operator": ">"}),
    "service_health": ("ServiceHealthCondition", {"service_name": "web"}),
    "process_metric": ("ProcessMetricCondition", {
        "process_name": "python", "threshold": 5, "host_labels": {"env": "prod"}}),
    "host_silent": ("HostSilentCondition", {"host_labels": {"env": "prod"}}),
}
RULE = {"name": "r", "rule_type": "system_metric", "severity": "high",
        "condition": CONDITIONS["system_metric"][1], "notification_channels": []}
# Something valid for each operation that takes a body of ours or of the original.
BODIES = {
    "changeHost": {"labels": {"env": "prod"}, "thresholds": {"cpu_usage_percent": 9},
                   "interval_seconds": 30},
    "enroll": {"hostname": "web-09", "agent_id": SOME_ID},
    "createRule": RULE,
    "testRule": RULE,
    "changeRule": {"severity": "low"},
    "createAlert": {"alert_type": "t", "severity": "low", "source": "s", "title": "t"},
    "changeAlert": {"comment": "x"},
    "createSilence": {
        "matchers": {"hostname": "web-*", "severity": ["low"]}, "comment": "x",
        "weekly": {"time_zone": "Europe/Berlin",
                   "windows": [{"days": ["sat", "sun"], "start": "22:00", "end": "06:00"}]}},
    "changeSilence": {"comment": "x"},
    "createToken": {"name": "x", "role": "enrol", "uses": 1, "valid_hours": 1},
}
# Says nothing of the whole: numbers of a batch are refused in test_ingest_bad_input.py.
NOT_GENERATED = {"ingest"}


class Stage:
    """An aggregator with a host, a rule, an alert and a silence, whose tables are watched."""

    def __init__(self, aggregator):
        self.aggregator = aggregator
        self.tokens = {role: aggregator.token(role) for role in ("agent", "admin", "enrol")}
        assert aggregator.ingest(BatchMaker("web-01").make(), self.tokens["agent"]).status == 200
        self.ids = {"rule_id": self.make("/alert-rules", RULE),
                    "alert_id": self.make("/alerts", BODIES["createAlert"]),
                    "silence_id": self.make("/silences", BODIES["createSilence"])}

    def make(self, path, body):
        answer = self.aggregator.request("POST", "/api/v1" + path, json.dumps(body),
                                         {"Content-Type": "application/json"}, self.tokens["admin"])
        assert answer.status == 201, answer.body
        return answer.json["id"]

    def stored(self):
        tables = ("alerts", "alert_rules", "silences", "tokens", "hosts", "audit", "system_batches")
        return self.aggregator.sql("SELECT " + ", ".join(
            f"(SELECT count(*) FROM monitoring.{table})" for table in tables))

    def call(self, name, query=None, body=None):
        method, path, _ = OPERATIONS[name]
        for key, value in {**IN_PATH, **self.ids}.items():
            path = path.replace("{%s}" % key, value)
        query = urllib.parse.urlencode(query or {}, doseq=True)
        headers = {"X-Chorus-Protocol": "1"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self.aggregator.request(
            method, path + ("?" + query if query else ""),
            None if body is None else json.dumps(body), headers,
            self.tokens[ROLES.get(name, "admin")])


@pytest.fixture(scope="module")
def stage():
    with Aggregator() as aggregator:
        yield Stage(aggregator)


def needed(operation):
    return {p["name"]: NEEDED[p["name"]] for p in query_parameters(operation) if p.get("required")}


def valid_body(name, stage):
    if name == "ingest":
        return BatchMaker("web-01").make()
    return BODIES.get(name)


def names_fault_at(answer, *path):
    """Whether a 422 names the place `path` (or its owner, where the whole of it is at fault)."""
    if answer.status != 422:
        return False
    body = answer.json
    assert body["status"] == 422 and body["title"] and body["type"], body
    shown = [step[:100] if isinstance(step, str) else step for step in path]
    return any(fault["loc"][:len(shown)] == shown for fault in body["detail"])


def bad_queries(operation):
    """(name, value) that the operation cannot be asked with."""
    for parameter in query_parameters(operation):
        name = parameter["name"]
        if parameter.get("style") == "deepObject":
            yield f"{name}[k]", "x" * 256
            continue
        for value in bad_texts(parameter["schema"]):
            yield name, value
        if parameter["schema"].get("type") != "array":
            yield name, ["1", "1"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_bad_parameter_is_told(stage, name):
    operation = OPERATIONS[name][2]
    before = stage.stored()
    for parameter, value in bad_queries(operation):
        query = {**needed(operation), parameter: value}
        answer = stage.call(name, query, valid_body(name, stage))
        assert names_fault_at(answer, "query", parameter), (parameter, value, answer.status, answer.body[:500])
    assert stage.stored() == before


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_unknown_parameter_is_refused_by_every_operation_of_ours(stage, name):
    operation = OPERATIONS[name][2]
    assert operation["x-unknown-parameters"] in ("refused", "ignored")
    if operation["x-unknown-parameters"] == "ignored":
        if OPERATIONS[name][0] == "GET":
            assert stage.call(name, {"nonesuch": "1", "limt": "0"}).status < 400
        return
    before = stage.stored()
    known = [p["name"] for p in query_parameters(operation)]
    for parameter in ("nonesuch", "", "x" * 300, "\0", "a[b]"):
        answer = stage.call(name, {**needed(operation), parameter: "1"}, valid_body(name, stage))
        assert names_fault_at(answer, "query", parameter), (parameter, answer.status, answer.body[:500])
        assert all(k in answer.json["detail"][0]["msg"] for k in known), answer.body
    for right in known:
        wrong = misspelt(right, known)
        query = {**{k: v for k, v in needed(operation).items() if k != right}, wrong: "1"}
        answer = stage.call(name, query, valid_body(name, stage))
        assert names_fault_at(answer, "query", wrong), (wrong, answer.status, answer.body[:500])
        nearest = [f.get("ctx", {}).get("nearest") for f in answer.json["detail"]]
        assert right in nearest, (wrong, answer.body)
    assert stage.stored() == before


def bad_bodies(name):
    content = OPERATIONS[name][2]["requestBody"]["content"]["application/json"]["schema"]
    for path, value in bad_members(content, BODIES[name]):
        if path[0] != "condition":  # whose schema depends on the type of the rule
            yield path, value


@pytest.mark.parametrize("name", [n for n, (_, _, o) in OPERATIONS.items()
                                  if "requestBody" in o and n not in NOT_GENERATED])
def test_a_bad_body_is_told(stage, name):
    before = stage.stored()
    for path, value in bad_bodies(name):
        answer = stage.call(name, body=changed(BODIES[name], path, value))
        where = path if value != [] or isinstance(path[-1], str) else path[:-1]
        assert names_fault_at(answer, "body", *where), (path, value, answer.status, answer.body[:500])
    for body in ([], None, 7, "text"):
        answer = stage.call(name, body=body) if body is not None else \
            stage.aggregator.request(OPERATIONS[name][0], stage_path(stage, name), "null",
                                     {"Content-Type": "application/json"},
                                     stage.tokens[ROLES.get(name, "admin")])
        assert names_fault_at(answer, "body"), (body, answer.status, answer.body[:300])
    assert stage.stored() == before


def stage_path(stage, name):
    path = OPERATIONS[name][1]
    for key, value in {**IN_PATH, **stage.ids}.items():
        path = path.replace("{%s}" % key, value)
    return path


def bad_conditions(rule_type):
    schema, valid = CONDITIONS[rule_type]
    yield from bad_members({"$ref": f"#/components/schemas/{schema}"}, valid)
    for other, (_, condition) in CONDITIONS.items():
        for member, value in condition.items():
            if member not in DOCUMENT["components"]["schemas"][schema]["properties"]:
                yield (member,), value
    for member in ("username", "container_id"):
        yield (member,), "x"


@pytest.mark.parametrize("rule_type", CONDITIONS)
def test_a_bad_condition_is_told(stage, rule_type):
    valid = CONDITIONS[rule_type][1]
    before = stage.stored()
    for path, value in bad_conditions(rule_type):
        condition = changed(valid, path, value)
        rule = {**RULE, "rule_type": rule_type, "name": "bad", "condition": condition}
        for call in ("createRule", "testRule"):
            answer = stage.call(call, body=rule)
            assert names_fault_at(answer, "body", "condition", *path), \
                (path, value, answer.status, answer.body[:500])
    assert stage.stored() == before


def test_what_is_valid_is_taken(stage):
    """The bodies that the bad ones are made of: else each of them might be refused for another fault."""
    for rule_type, (_, condition) in CONDITIONS.items():
        answer = stage.call("testRule", body={**RULE, "rule_type": rule_type,
                                              "condition": condition})
        assert answer.status == 200, (rule_type, answer.body)
    for name, status in (("changeHost", 200), ("changeRule", 200), ("changeAlert", 200),
                         ("changeSilence", 200), ("createToken", 201), ("createSilence", 201),
                         ("createAlert", 201), ("enroll", 201)):
        assert stage.call(name, body=BODIES[name]).status == status, name


def test_the_generator_makes_enough():
    conditions = sum(len(list(bad_conditions(t))) for t in CONDITIONS)
    queries = sum(len(list(bad_queries(o))) for _, _, o in OPERATIONS.values())
    bodies = sum(len(list(bad_bodies(name))) for name in BODIES)
    assert conditions >= 150 and queries >= 150 and bodies >= 150, (conditions, queries, bodies)
    with_body = {n for n, (_, _, o) in OPERATIONS.items() if "requestBody" in o}
    assert with_body == set(BODIES) | NOT_GENERATED


def test_all_faults_of_a_request_are_told_at_once(stage):
    answer = stage.call("createSilence", {"dry_run": "1"}, {
        "matchers": {"hostnam": "web-*", "severity": ["loud"], "rule_id": "x"},
        "weekly": {"timezone": "Europe/Berlin", "time_zone": "Mars/Base",
                   "windows": [{"days": ["monday"], "start": "25:00", "stop": "x"}, 5]},
        "coment": "x", "duration_minutes": 0})
    assert answer.status == 422
    assert sorted(str(f["loc"][1:]) for f in answer.json["detail"]) == sorted(map(str, [
        ["dry_run"], ["matchers", "hostnam"], ["matchers", "severity", 0], ["matchers", "rule_id"],
        ["weekly", "timezone"], ["weekly", "time_zone"], ["weekly", "windows", 0, "days", 0],
        ["weekly", "windows", 0, "start"], ["weekly", "windows", 0, "end"],
        ["weekly", "windows", 0, "stop"], ["weekly", "windows", 1], ["coment"], ["comment"],
        ["duration_minutes"]]))
