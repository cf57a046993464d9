"""The description of the API against the program: every route, its rights, and real answers."""

import json
import re

import jsonschema
import pytest

from batch_maker import BatchMaker
from chorus_harness import Aggregator, wait_until
from described import check_answer, closed, fits, operations, resolve
from event_stream import EventStream

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def described():
    """An aggregator with something of everything, its description and tokens of each role."""
    with Aggregator({"SERVICE_ENDPOINTS": '{"web": "http://127.0.0.1:9/"}'}) as aggregator:
        yield fill(aggregator)


def fill(aggregator):
    aggregator.document = closed(aggregator.get("/openapi.json").json)
    aggregator.tokens = {role: aggregator.token(role)
                         for role in ("agent", "viewer", "operator", "admin", "enrol")}
    aggregator.tokens["signin"] = \
        aggregator.command("sign-in-link").stdout.strip().partition("#sign-in=")[2]
    maker = BatchMaker("web-01")
    for age in (60, 30, 0):
        assert aggregator.ingest(maker.make(seconds_ago=age, events=[
            {"type": "oom_kill", "timestamp": maker.make()["timestamp"], "detail": {"pid": 1}}]),
            aggregator.tokens["agent"]).status == 200
    old = BatchMaker("web-02").make(seconds_ago=7200)
    assert aggregator.ingest(old, aggregator.token(name="web-02")).status == 200
    aggregator.sql("UPDATE monitoring.hosts SET last_seen = last_seen - interval '2 hours' "
                   "WHERE hostname = 'web-02'")
    aggregator.maker = maker
    return aggregator


def every_reference(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from every_reference(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from every_reference(inner)


def test_the_description_is_sound(described):
    document = described.document
    assert document["openapi"].startswith("3.1.") and document["info"]["title"]
    for reference in set(every_reference(document)):
        assert reference.startswith("#/components/") and resolve(document, {"$ref": reference})
    for name, schema in document["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert f"#/components/schemas/{name}" in set(every_reference(document)), name
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    known = {tag["name"] for tag in document["tags"]}
    for method, path, operation in operations(document):
        where = f"{method} {path}"
        assert operation["summary"] and set(operation["tags"]) <= known, where
        assert any(status[0] in "23" for status in operation["responses"]), where
        parameters = [resolve(document, p) for p in operation.get("parameters", [])]
        in_path = [p["name"] for p in parameters if p["in"] == "path"]
        assert sorted(in_path) == sorted(re.findall(r"\{(\w+)\}", path)), where
        assert all(p.get("required") for p in parameters if p["in"] == "path"), where
        names = [(p["in"], p["name"]) for p in parameters]
        assert len(names) == len(set(names)), where
        for status, response in operation["responses"].items():
            assert re.fullmatch(r"[1-5]\d\d", status) and resolve(document, response)["description"]


def test_every_route_is_described_and_every_description_is_a_route(described):
    done = described.command("routes")
    assert done.returncode == 0, done.stderr
    routes = {}
    for line in done.stdout.splitlines():
        method, path, role = line.split()
        routes[method.lower(), path.replace("...}", "}")] = role
    told = {(method, path): operation
            for method, path, operation in operations(described.document)}
    assert set(told) - set(routes) == set(), "described, but no route"
    assert set(routes) - set(told) == set(), "a route that is not described"
    for key, role in routes.items():
        text = told[key].get("description", "")
        assert re.findall(r"Role: (\w+)\.", text) == ([] if role == "none" else [role]), key
        assert bool(told[key]["security"]) == (role != "none"), key


# What is asked of each operation: (status, path with query, token, body). An operation may be asked
# more than once; `{name}` is filled from what was created before.
CALLS = {
    "root": [(200, "/", None, None)],
    "health": [(200, "/health", None, None)],
    "healthV1": [(200, "/api/v1/health", None, None)],
    "ready": [(200, "/ready", None, None), (422, "/ready?x=1", None, None)],
    "status": [(200, "/status", None, None)],
    "ownMetrics": [(200, "/metrics", "viewer", None), (401, "/metrics", "bad", None)],
    "openapi": [(200, "/openapi.json", None, None)],
    "docs": [(200, "/docs", None, None)],
    "docsFile": [(200, "/docs/swagger-ui.css", None, None), (404, "/docs/none.css", None, None)],
    "redoc": [(307, "/redoc", None, None)],
    "dashboardRoot": [(302, "/ui", None, None)],
    "dashboardFile": [(200, "/ui/", None, None), (404, "/ui/none.js", None, None)],
    "systemOverview": [(200, "/api/v1/system/overview", "viewer", None),
                       (200, "/api/v1/system/overview?hostname=web-01", "viewer", None),
                       (404, "/api/v1/system/overview?hostname=none", "viewer", None),
                       (422, "/api/v1/system/overview?hostname=a%2Fb", "viewer", None)],
    "systemMetrics": [(200, "/api/v1/metrics/system?limit=1&count=true", "viewer", None),
                      (200, "/api/v1/metrics/system", "viewer", None),
                      (422, "/api/v1/metrics/system?limit=0&offset=x", "viewer", None)],
    "processMetrics": [(200, "/api/v1/metrics/processes", "viewer", None),
                       (200, "/api/v1/metrics/processes", "operator", None),
                       (422, "/api/v1/metrics/processes?sort=none", "viewer", None)],
    "latestMetrics": [(200, "/api/v1/metrics/latest/web-01", "viewer", None),
                      (404, "/api/v1/metrics/latest/none", "viewer", None)],
    "collect": [(202, "/api/v1/metrics/collect", "operator", None),
                (403, "/api/v1/metrics/collect", "viewer", None),
                (404, "/api/v1/metrics/collect?hostname=none", "operator", None),
                (422, "/api/v1/metrics/collect?collect_processes=maybe", "operator", None)],
    "metricTypes": [(200, "/api/v1/metric-types", "viewer", None)],
    "hosts": [(200, "/api/v1/hosts", "viewer", None), (401, "/api/v1/hosts", "bad", None),
              (200, "/api/v1/hosts?status=up&label=a=b&q=web", "viewer", None),
              (422, "/api/v1/hosts?stauts=up", "viewer", None)],
    "host": [(200, "/api/v1/hosts/web-01", "viewer", None),
             (404, "/api/v1/hosts/none", "viewer", None)],
    "processesAt": [(200, "/api/v1/processes/at?hostname=web-01", "viewer", None),
                    (404, "/api/v1/processes/at?hostname=web-01&t=2000-01-01T00:00:00Z", "viewer",
                     None),
                    (422, "/api/v1/processes/at", "viewer", None)],
    "processSeries": [(200, "/api/v1/processes/series?hostname=web-01&process_id=812", "viewer",
                       None),
                      (404, "/api/v1/processes/series?hostname=web-01&process_id=4", "viewer",
                       None),
                      (422, "/api/v1/processes/series", "viewer", None)],
    "hostEvents": [(200, "/api/v1/events", "viewer", None)],
    "dashboardOverview": [(200, "/api/v1/dashboard/overview", "viewer", None)],
    "metricsSummary": [(200, "/api/v1/dashboard/metrics/summary", "viewer", None),
                       (422, "/api/v1/dashboard/metrics/summary?hours=0", "viewer", None)],
    "metricsSeries": [(200, "/api/v1/dashboard/metrics/series?hostname=web-01"
                       "&metric_type=cpu_usage_percent,disk_usage_percent", "viewer", None),
                      (200, "/api/v1/dashboard/metrics/series?group_by=none"
                            "&metric_type=cpu_usage_percent", "viewer", None),
                      (422, "/api/v1/dashboard/metrics/series", "viewer", None)],
    "createAlert": [(201, "/api/v1/alerts", "operator", {
        "alert_type": "manual", "severity": "low", "source": "test", "title": "By hand",
        "alert_metadata": {"a": [1, None]}, "hostname": "web-01"}),
        (422, "/api/v1/alerts", "operator", {"severity": "none"}),
        (422, "/api/v1/alerts", "operator", "{")],
    "alerts": [(200, "/api/v1/alerts?status=active,resolved&count=true", "viewer", None),
               (422, "/api/v1/alerts?severity=HIGH", "viewer", None)],
    "checkAlerts": [(202, "/api/v1/alerts/check?hostname=web-01", "operator", None),
                    (404, "/api/v1/alerts/check?hostname=none", "operator", None)],
    "alertStats": [(200, "/api/v1/alerts/stats", "viewer", None)],
    "alert": [(200, "/api/v1/alerts/{createAlert}", "viewer", None),
              (404, "/api/v1/alerts/00000000-0000-4000-8000-000000000000", "viewer", None)],
    "changeAlert": [(200, "/api/v1/alerts/{createAlert}", "operator", {"status": "acknowledged"}),
                    (200, "/api/v1/alerts/{createAlert}", "operator",
                     {"status": "resolved", "comment": "done"}),
                    (409, "/api/v1/alerts/{createAlert}", "operator",
                     {"status": "acknowledged"}),
                    (422, "/api/v1/alerts/{createAlert}", "operator", {"status": None})],
    "alertTransitions": [(200, "/api/v1/alerts/{createAlert}/transitions", "viewer", None)],
    "createSilence": [(201, "/api/v1/silences", "operator", {
        "matchers": {"hostname": "web-*", "severity": ["low"]}, "comment": "nights",
        "weekly": {"time_zone": "Europe/Berlin",
                   "windows": [{"days": ["sun"], "start": "22:00", "end": "04:00"}]}}),
        (422, "/api/v1/silences", "operator", {"matchers": {}})],
    "silences": [(200, "/api/v1/silences?count=true", "viewer", None),
                 (422, "/api/v1/silences?state=none", "viewer", None)],
    "silence": [(200, "/api/v1/silences/{createSilence}", "viewer", None),
                (404, "/api/v1/silences/00000000-0000-4000-8000-000000000000", "viewer", None)],
    "changeSilence": [(200, "/api/v1/silences/{createSilence}", "operator", {"comment": "all"}),
                      (422, "/api/v1/silences/{createSilence}", "operator", {"comment": 1})],
    "deleteSilence": [(200, "/api/v1/silences/{createSilence}", "operator", None),
                      (404, "/api/v1/silences/{createSilence}", "operator", None)],
    "me": [(200, "/api/v1/me", "viewer", None), (200, "/api/v1/me", None, None),
           (401, "/api/v1/me", "bad", None), (403, "/api/v1/me", "agent", None)],
    "createToken": [(201, "/api/v1/tokens", "admin", {"name": "x", "role": "viewer"}),
                    (403, "/api/v1/tokens", "operator", {"name": "x", "role": "viewer"}),
                    (422, "/api/v1/tokens", "admin", {"name": "x", "role": "king"}),
                    (201, "/api/v1/tokens", "admin",
                     {"name": "x", "role": "enrol", "uses": 2, "valid_hours": 1})],
    "tokens": [(200, "/api/v1/tokens", "admin", None), (403, "/api/v1/tokens", "viewer", None)],
    "revokeToken": [(200, "/api/v1/tokens/{createToken}", "admin", None),
                    (404, "/api/v1/tokens/{createToken}", "admin", None),
                    (422, "/api/v1/tokens/x", "admin", None)],
    "enroll": [(422, "/api/v1/agents/enroll", "enrol", {"hostname": "a/b"}),
               (409, "/api/v1/agents/enroll", "enrol", {"hostname": "web-01"}),
               (201, "/api/v1/agents/enroll", "enrol", {"hostname": "web-03"}),
               (401, "/api/v1/agents/enroll", "enrol", {"hostname": "web-04"}),
               (422, "/api/v1/agents/enroll", "enrol", "{")],
    "beginSession": [(201, "/api/v1/sessions", "signin", None),
                     (401, "/api/v1/sessions", "signin", None)],
    "rules": [(200, "/api/v1/alert-rules?count=true", "viewer", None)],
    "createRule": [(201, "/api/v1/alert-rules", "operator", {
        "name": "CPU of web-01", "rule_type": "system_metric", "severity": "high",
        "condition": {"metric_type": "cpu_usage_percent", "operator": ">", "threshold": 90}}),
        (409, "/api/v1/alert-rules", "operator", {
            "name": "CPU of web-01", "rule_type": "system_metric", "severity": "high",
            "condition": {"metric_type": "cpu_usage_percent", "operator": ">", "threshold": 90}}),
        (422, "/api/v1/alert-rules", "operator", {"name": ""}),
        (403, "/api/v1/alert-rules", "viewer", {})],
    "testRule": [(200, "/api/v1/alert-rules/test?days=1", "operator", {
        "name": "x", "rule_type": "system_metric", "severity": "low",
        "condition": {"metric_type": "cpu_usage_percent", "operator": ">", "threshold": 5}}),
        (422, "/api/v1/alert-rules/test?days=0", "operator", {}),
        (403, "/api/v1/alert-rules/test", "viewer", {})],
    "rule": [(200, "/api/v1/alert-rules/{createRule}", "viewer", None),
             (422, "/api/v1/alert-rules/none", "viewer", None),
             (404, "/api/v1/alert-rules/00000000-0000-4000-8000-000000000000", "viewer", None)],
    "changeRule": [(200, "/api/v1/alert-rules/{createRule}", "operator", {"is_active": False}),
                   (422, "/api/v1/alert-rules/{createRule}", "operator", {"severity": "none"})],
    "systemHealth": [(200, "/api/v1/system/health", "viewer", None)],
    "services": [(200, "/api/v1/services", "viewer", None),
                 (422, "/api/v1/services?recent=x", "viewer", None)],
    "serviceHistory": [(200, "/api/v1/services/web/history", "viewer", None),
                       (404, "/api/v1/services/none/history", "viewer", None)],
    "changeHost": [(200, "/api/v1/hosts/web-01", "operator", {
        "labels": {"site": "a"}, "thresholds": {"cpu_usage_percent": 95}, "interval_seconds": 60}),
        (200, "/api/v1/hosts/web-01", "operator", {"interval_seconds": None}),
        (404, "/api/v1/hosts/none", "operator", {}),
        (422, "/api/v1/hosts/web-01", "operator", {"interval_seconds": 0.5})],
    "deleteHost": [(409, "/api/v1/hosts/web-01", "admin", None),
                   (404, "/api/v1/hosts/none", "admin", None),
                   (200, "/api/v1/hosts/web-02", "admin", None)],
    "deleteRule": [(200, "/api/v1/alert-rules/{createRule}", "operator", None),
                   (404, "/api/v1/alert-rules/{createRule}", "operator", None)],
}
# Asked by tests of their own below.
STREAMS = {"stream", "agentStream", "ingest"}


def test_real_answers_are_as_described(described):
    document = described.document
    told = {operation["operationId"]: (method, operation)
            for method, _, operation in operations(document)}
    assert set(told) == set(CALLS) | STREAMS, "an operation that is not asked for, or is no more"
    if described.get("/ui/").status == 404:
        pytest.skip("needs: Node and npm when the program was built")
    made = {}
    for name, calls in CALLS.items():
        method, operation = told[name]
        for status, path, role, body in calls:
            path = re.sub(r"\{(\w+)\}", lambda match: made[match[1]], path)
            answer = described.request(
                method.upper(), path, body if isinstance(body, str | None) else json.dumps(body),
                JSON if body is not None else None, described.tokens.get(role, role))
            assert answer.status == status, f"{name} {path}: {answer.status} {answer.body[:500]}"
            check_answer(document, operation, answer)
            if status == 201:
                made[name] = str(answer.json.get("id"))
                if "requestBody" in operation:
                    fits(document, operation["requestBody"]["content"]["application/json"]
                         ["schema"], body)


def test_a_422_is_a_problem_document_of_either_type(described):
    operation = described.document["paths"]["/api/v1/hosts"]["get"]
    answer = described.get("/api/v1/hosts?stauts=up")
    check_answer(described.document, operation, answer)
    assert answer.headers["content-type"] == "application/json" and "errors" not in answer.json
    asked = described.get("/api/v1/hosts?stauts=up", headers={"Accept": "application/problem+json"})
    check_answer(described.document, operation, asked)
    assert asked.headers["content-type"] == "application/problem+json"
    assert asked.json["detail"] and [e["field"] for e in asked.json["errors"]] == ["stauts"]
    assert {k: v for k, v in answer.json.items() if k not in ("detail", "request_id")} == \
        {k: v for k, v in asked.json.items() if k not in ("detail", "request_id", "errors")}


def test_answers_to_agents_are_as_described(described):
    document = described.document
    operation = next(o for _, _, o in operations(document) if o["operationId"] == "ingest")
    batch = described.maker.make()
    fits(document, operation["requestBody"]["content"]["application/json"]["schema"], batch)
    for _ in range(2):  # the second is a duplicate
        check_answer(document, operation, described.ingest(batch, described.tokens["agent"]))
    for bad in (b"{", {**batch, "seq": -1}, {**batch, "hostname": "other"}):
        answer = described.ingest(bad, described.tokens["agent"])
        assert answer.status >= 400
        check_answer(document, operation, answer)


def test_events_of_the_stream_are_as_described(described):
    document = described.document
    with EventStream(described.port) as stream:
        wait_until(lambda: stream.comments, what="the begin of the stream")
        operation = next(o for _, _, o in operations(document) if o["operationId"] == "stream")
        assert stream.headers["content-type"] in \
            operation["responses"]["200"]["content"]
        described.ingest(described.maker.make(), described.tokens["agent"])
        overview = stream.wait(lambda event: event["name"] == "overview")
        fits(document, {"$ref": "#/components/schemas/SystemOverview"}, overview["data"])


def free_objects(value, where):
    """Places of schemas that leave open what an object holds."""
    if isinstance(value, dict):
        kind = value.get("type")
        if kind and "object" in kind and not {"properties", "additionalProperties"} & set(value):
            yield where
        for name, inner in value.items():
            yield from free_objects(inner, f"{where}/{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from free_objects(inner, f"{where}/{number}")


def test_every_object_is_written_out_or_said_to_be_free(described):
    assert list(free_objects(described.document["components"]["schemas"], "")) == []


@pytest.mark.parametrize("change", [
    lambda alert: alert.update(snapshot={}), lambda alert: alert.pop("context"),
    lambda alert: alert["context"].update(taken_at=None),
    lambda alert: alert["context"]["by_cpu"][0].pop("fd_count")])
def test_an_answer_that_drifts_is_noticed(described, change):
    process = {"process_name": "a", "process_id": 1, "username": "", "unit": "", "started_at": None,
               "cpu_percent": 1.5, "memory_mb": None, "io_bytes_per_sec": None, "fd_count": None,
               "change": {"new": True}}
    alert = described.request("POST", "/api/v1/alerts", json.dumps({
        "alert_type": "manual", "severity": "low", "source": "drift", "title": "Drift"}), JSON,
        described.tokens["operator"]).json
    alert["context"] = {"hostname": "web-01", "process_table_at": None, "compared_with": None,
                        "by_cpu": [process], "by_memory": [], "by_io": [], "by_open_files": []}
    schema = {"$ref": "#/components/schemas/AlertDetail"}
    fits(described.document, schema, alert)
    change(alert)
    with pytest.raises(jsonschema.ValidationError):
        fits(described.document, schema, alert)
