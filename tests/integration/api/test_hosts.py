"""Settings of hosts and their removal."""

import json
import uuid

import pytest

from batch_maker import BatchMaker
from chorus_harness import redis_cli, wait_until


class Hosts:
    def __init__(self, aggregator):
        self.aggregator = aggregator
        self.tokens = {role: aggregator.token(role) for role in ("viewer", "operator", "admin")}

    def report(self, hostname, **changes):
        answer = self.aggregator.ingest(BatchMaker(hostname).make(**changes), self.agent_token())
        assert answer.status == 200, answer.body

    def agent_token(self):
        return self.aggregator.token()  # a token belongs to the agent that first uses it

    def call(self, method, path, body=None, role="operator"):
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        return self.aggregator.request(method, "/api/v1/hosts/" + path, body, headers,
                                       self.tokens.get(role))

    def silence(self, hostname, seconds=3600):
        self.aggregator.sql(f"UPDATE monitoring.hosts SET last_seen = now() - interval "
                            f"'{seconds} s' WHERE hostname = '{hostname}'")


@pytest.fixture(scope="module")
def hosts(aggregator):
    return Hosts(aggregator)


def test_labels_and_thresholds_are_set_whole_and_told(hosts):
    hosts.report("web-01")
    settings = {"labels": {"env": "prod", "team": "Ünïcode \"x\""},
                "thresholds": {"cpu_usage_percent": 95, "High CPU Usage": 90.5}}
    answer = hosts.call("PATCH", "web-01", settings)
    assert answer.status == 200
    assert answer.json["hostname"] == "web-01" and answer.json["status"] == "up"
    for source in (answer.json, hosts.call("GET", "web-01").json,
                   hosts.aggregator.get("/api/v1/hosts").json[0]):
        assert source["labels"] == settings["labels"]
        assert source["thresholds"] == settings["thresholds"]
    answer = hosts.call("PATCH", "web-01", {"labels": {}})
    assert answer.status == 200 and answer.json["labels"] == {}
    assert answer.json["thresholds"] == settings["thresholds"]
    assert hosts.call("PATCH", "web-01", {}).json == hosts.call("GET", "web-01").json
    # A batch changes neither.
    hosts.silence("web-01")
    hosts.report("web-01")
    assert hosts.call("GET", "web-01").json["thresholds"] == settings["thresholds"]
    rows = hosts.aggregator.sql("SELECT action, object_id, detail->'labels' FROM monitoring.audit "
                                "WHERE object_type = 'host' ORDER BY audit_id")
    assert [row[:2] for row in rows] == [["host.update", "web-01"]] * 2
    assert json.loads(rows[0][2]) == settings["labels"] and rows[1][2] == "{}"


@pytest.mark.parametrize("body, faults", [
    ([], {("dict_type", ("body",))}),
    ({"label": {}, "labels": 5},
     {("extra_forbidden", ("body", "label")), ("dict_type", ("body", "labels"))}),
    ({"labels": None, "thresholds": 5},
     {("dict_type", ("body", "labels")), ("dict_type", ("body", "thresholds"))}),
    ({"labels": {"a b": "x", "": "x", "9a": "x", "ok": 5, "long": "x" * 256, "ctl": "a\x07"}},
     {("string_pattern_mismatch", ("body", "labels", "a b")),
      ("string_pattern_mismatch", ("body", "labels", "")),
      ("string_pattern_mismatch", ("body", "labels", "9a")),
      ("string_type", ("body", "labels", "ok")),
      ("string_too_long", ("body", "labels", "long")),
      ("string_pattern_mismatch", ("body", "labels", "ctl"))}),
    ({"labels": {f"l{i}": "x" for i in range(17)}}, {("too_long", ("body", "labels"))}),
    ({"thresholds": {"": 1, "cpu": "x", "mem": None, "big": 1e301}},
     {("value_error", ("body", "thresholds", "")), ("float_type", ("body", "thresholds", "cpu")),
      ("float_type", ("body", "thresholds", "mem")),
      ("less_than_equal", ("body", "thresholds", "big"))}),
])
def test_bad_settings_change_nothing_and_name_every_fault(hosts, body, faults):
    host = "web-" + uuid.uuid4().hex  # each case reports as an agent of its own
    hosts.report(host)
    before = hosts.call("GET", host).json
    answer = hosts.call("PATCH", host, body)
    assert answer.status == 422
    assert {(kind, tuple(loc)) for kind, loc in answer.faults()} == faults
    after = hosts.call("GET", host).json
    assert (after["labels"], after["thresholds"]) == (before["labels"], before["thresholds"])


def test_hosts_are_filtered(fresh):
    hosts = Hosts(fresh)
    for name, labels in (("web-01", {"env": "prod", "note": "a=b,c"}), ("web-02", {"env": "test"}),
                         ("DB-01", {"env": "prod"})):
        hosts.report(name)
        assert hosts.call("PATCH", name, {"labels": labels}).status == 200
    hosts.silence("web-02", 95)
    hosts.silence("DB-01")

    def found(query):
        answer = fresh.get("/api/v1/hosts?" + query)
        assert answer.status == 200, answer.body
        return [host["hostname"] for host in answer.json]

    everything = found("")
    assert sorted(everything) == ["DB-01", "web-01", "web-02"]
    assert found("status=up") == ["web-01"] and found("status=stale") == ["web-02"]
    assert found("status=up,stale") == found("status=stale&status=up") == ["web-01", "web-02"]
    assert found("status=down&q=web") == []
    assert sorted(found("label=env=prod")) == ["DB-01", "web-01"]
    assert found("label=env=prod&label=note=a%3Db,c") == ["web-01"]
    assert found("label=env=prod&label=env=test") == [] and found("label=nothing=x") == []
    assert found("q=db-") == ["DB-01"] and found("q=%25") == [] and found("q=") == everything
    for query, fault in (("stauts=up", "stauts"), ("status=UP", "status"), ("label=env", "label"),
                         ("labels=env=prod", "labels"), ("q=a&q=b", "q")):
        answer = fresh.get("/api/v1/hosts?" + query)
        assert answer.status == 422 and answer.json["detail"][0]["loc"] == ["query", fault]


def test_settings_need_an_operator_and_a_host_that_exists(hosts):
    hosts.report("web-03")
    assert hosts.call("PATCH", "web-03", {}, role="viewer").status == 403
    assert hosts.call("PATCH", "web-03", {}, role=None).status == 401
    answer = hosts.call("PATCH", "nobody", {})
    assert answer.status == 404 and answer.json["detail"] == "Host not found"
    assert hosts.call("PATCH", "a%20b", {}).status == 422
    assert hosts.call("PATCH", "web-03", b"{").status == 422


def test_a_host_that_reports_is_only_removed_by_force(hosts):
    hosts.report("busy")
    assert hosts.call("DELETE", "busy", role="operator").status == 403
    answer = hosts.call("DELETE", "busy", role="admin")
    assert answer.status == 409 and answer.json["code"] == "host_active"
    assert hosts.call("GET", "busy").status == 200
    assert hosts.call("DELETE", "busy?force=maybe", role="admin").status == 422
    answer = hosts.call("DELETE", "busy?force=true", role="admin")
    assert answer.status == 200 and answer.json == {"message": "Host deleted successfully"}
    assert hosts.call("GET", "busy").status == 404
    assert hosts.call("DELETE", "busy?force=true", role="admin").status == 404


def test_a_removed_host_leaves_nothing_behind(hosts):
    sql = hosts.aggregator.sql
    hosts.report("old")
    hosts.report("kept")
    sql("INSERT INTO monitoring.alerts (alert_type, severity, source, title, hostname, fingerprint)"
        " VALUES ('system_metric', 'high', 'system:old', 't', 'old', 'f-old')")
    host_id = sql("SELECT host_id FROM monitoring.hosts WHERE hostname = 'old'")[0][0]
    wait_until(lambda: hosts.aggregator.get("/api/v1/metrics/latest/old").headers["x-cache"] == "hit")
    hosts.silence("old")
    assert hosts.call("DELETE", "old", role="admin").status == 200
    # At once for everybody who asks,
    assert sql("SELECT count(*) FROM monitoring.system_metrics WHERE hostname = 'old'") == [["0"]]
    assert sql("SELECT count(*) FROM monitoring.process_metrics WHERE hostname = 'old'") == [["0"]]
    assert hosts.aggregator.get("/api/v1/metrics/latest/old").status == 404
    assert "old" not in hosts.aggregator.get("/api/v1/dashboard/overview").json["system_health"]
    assert redis_cli("KEYS", "*:old*", url=hosts.aggregator.redis_url) == ""
    actor = sql("SELECT actor FROM monitoring.audit WHERE action = 'host.delete' "
                "AND object_id = 'old'")[0][0]
    assert sql("SELECT status, resolved_by FROM monitoring.alerts WHERE hostname = 'old'") == [
        ["resolved", actor]]
    # and from the tables soon after, while the others stay. The clean-up runs once a minute, and at
    # the start.
    hosts.aggregator.stop()
    hosts.aggregator.start()
    wait_until(lambda: sql("SELECT count(*) FROM monitoring.removed_hosts") == [["0"]], 90,
               "the clean-up")
    for table in ("system_batches", "process_batches", "processes", "ingest_streams"):
        assert sql(f"SELECT count(*) FROM monitoring.{table} WHERE host_id = {host_id}") == [["0"]]
    assert sql("SELECT count(*) FROM monitoring.system_metrics WHERE hostname = 'kept'") != [["0"]]


def test_an_agent_that_goes_on_brings_its_host_back(hosts):
    token, maker = hosts.agent_token(), BatchMaker("phoenix")
    assert hosts.aggregator.ingest(maker.make(), token).status == 200
    assert hosts.call("PATCH", "phoenix", {"labels": {"a": "b"}}).status == 200
    assert hosts.call("DELETE", "phoenix?force=true", role="admin").status == 200
    assert hosts.aggregator.ingest(maker.make(), token).status == 200
    assert hosts.call("GET", "phoenix").json["labels"] == {}
