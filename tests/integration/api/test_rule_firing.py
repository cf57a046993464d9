"""Rules in a running aggregator: what fires, and what ends it."""

import json
import re

import pytest

from batch_maker import BatchMaker, process, timestamp
from chorus_harness import Aggregator, wait_until
from rule_rounds import add_rule, alerts, check, cpu_rule, evaluated_at, send


def test_two_hosts_over_the_threshold_are_two_alerts_and_a_healthy_one_hides_none(quiet):
    token = quiet.token("operator")
    rule = cpu_rule(quiet, token, name="High CPU Usage")
    hosts = {name: (BatchMaker(name), quiet.token(name=name)) for name in ("bad-1", "bad-2", "ok")}
    for name, (batches, agent) in hosts.items():
        send(quiet, agent, batches, 20.0 if name == "ok" else 93.5)
    check(quiet, token)
    found = alerts(quiet)
    assert {a["source"] for a in found} == {"system:bad-1", "system:bad-2"}
    alert = next(a for a in found if a["hostname"] == "bad-1")
    assert alert["title"] == "High CPU Usage - cpu_usage_percent Alert"
    assert alert["summary"] == "High CPU Usage on bad-1"
    assert re.fullmatch(r"cpu_usage_percent value 93\.5 > 85 on bad-1"
                        r" at 20\S+ \S+ UTC, average over 5 minutes\.", alert["description"])
    assert alert["status"] == "active" and alert["severity"] == "high"
    assert alert["rule_id"] == rule["id"] and alert["occurrences"] == 1
    metadata = alert["alert_metadata"]
    assert {name: metadata[name] for name in ("rule_id", "metric_type", "current_value",
                                              "threshold", "operator", "hostname",
                                              "metric_unit")} == {
        "rule_id": rule["id"], "metric_type": "cpu_usage_percent", "current_value": 93.5,
        "threshold": 85, "operator": ">", "hostname": "bad-1", "metric_unit": "percent"}

    # Still so: counted, not doubled.
    check(quiet, token)
    again = alerts(quiet)
    assert len(again) == 2 and {a["occurrences"] for a in again} == {2}
    for before in found:
        after = next(a for a in again if a["id"] == before["id"])
        assert after["description"].startswith(before["description"] + " At 20")
        assert after["alert_metadata"]["fired"] == before["alert_metadata"]["fired"]

    state = quiet.get(f"/api/v1/alert-rules/{rule['id']}").json
    assert state["state"] == "firing" and state["last_triggered_at"] is not None


def test_an_alert_resolves_by_itself_and_the_cooldown_holds_the_next_one_back(quiet):
    token, agent = quiet.token("operator"), quiet.token()
    cpu_rule(quiet, token, aggregation="last", cooldown=60)
    batches = BatchMaker("web-01")
    send(quiet, agent, batches, 99.0)
    check(quiet, token)
    assert [a["status"] for a in alerts(quiet)] == ["active"]
    send(quiet, agent, batches, 10.0)
    check(quiet, token)
    resolved = alerts(quiet)[0]
    assert (resolved["status"], resolved["resolved_by"]) == ("resolved", "auto")
    send(quiet, agent, batches, 99.0)
    check(quiet, token)
    assert [a["status"] for a in alerts(quiet)] == ["resolved"]


def test_without_data_nothing_fires_and_nothing_resolves(quiet):
    token, agent = quiet.token("operator"), quiet.token()
    rule = cpu_rule(quiet, token, auto_resolve=False)
    check(quiet, token)
    assert alerts(quiet) == []
    assert quiet.get(f"/api/v1/alert-rules/{rule['id']}").json["state"] == "no_data"
    batches = BatchMaker("web-01")
    send(quiet, agent, batches, 99.0)
    check(quiet, token)
    # The samples leave the window.
    quiet.sql("UPDATE monitoring.system_batches SET received_at = received_at - interval '1 hour'")
    check(quiet, token)
    alert = alerts(quiet)[0]
    assert alert["status"] == "active" and alert["alert_metadata"]["stale"] is True
    send(quiet, agent, batches, 1.0)
    check(quiet, token)
    alert = alerts(quiet)[0]
    assert alert["status"] == "active" and "stale" not in alert["alert_metadata"]


def test_samples_that_came_late_page_nobody(quiet):
    token, agent = quiet.token("operator"), quiet.token()
    cpu_rule(quiet, token)
    batches = BatchMaker("web-01")
    for ago in (900.0, 870.0):
        answer = quiet.ingest(batches.make({"cpu_usage_percent": (99.0, "percent")}, [],
                                           seconds_ago=ago), agent)
        assert answer.status == 200
    check(quiet, token)
    assert alerts(quiet) == []


def test_a_process_rule_names_the_process_and_what_was_on_top(quiet):
    token, agent = quiet.token("operator"), quiet.token()
    add_rule(quiet, token, "process_metric", name="Python memory", process_name="python",
             metric_field="memory_percent", operator=">", threshold=80.0, min_coverage=0)
    rows = [process(1, "systemd", memory_percent=0.5),
            process(812, "python", cpu_percent=1250.0, memory_percent=91.0,
                    memory_rss_bytes=7 << 30),
            process(813, "python", memory_percent=3.0)]
    send(quiet, agent, BatchMaker("web-01"), 5.0, rows)
    check(quiet, token)
    alert, = alerts(quiet)
    assert alert["source"] == "process:web-01:python"
    assert alert["title"] == "Python memory - Process Alert"
    metadata = alert["alert_metadata"]
    assert metadata["process_name"] == "python" and metadata["process_id"] == 812
    assert metadata["metric_field"] == "memory_percent"
    assert abs(metadata["current_value"] - 91.0) < 0.5
    assert metadata["top_processes"][0]["process_name"] == "python"
    context = quiet.get(f"/api/v1/alerts/{alert['id']}").json["context"]
    assert context["by_cpu"][0]["process_id"] == 812
    assert context["by_cpu"][0]["cpu_percent"] == pytest.approx(1250.0)
    assert context["by_memory"][0]["memory_mb"] == pytest.approx(7 * 1024)
    assert context["ranked_by"] == "memory"
    # It outlives the process table.
    quiet.sql("DELETE FROM monitoring.process_batches")
    assert quiet.get(f"/api/v1/alerts/{alert['id']}").json["context"] == context


def test_the_culprits_are_those_of_the_resource_that_the_rule_is_about(quiet):
    token, agent = quiet.token("operator"), quiet.token()
    for name, metric in (("cpu", "cpu_usage_percent"), ("memory", "memory_usage_percent"),
                         ("io", "pressure_io_full_percent"), ("open_files", "system_fd_used_count")):
        add_rule(quiet, token, name=name, metric_type=metric, operator=">", threshold=0,
                 aggregation="last")
    batches = BatchMaker("web-01")

    def table(written):
        return [process(1, "spinner", cpu_percent=99.0, fd_count=3),
                process(2, "hoarder", memory_rss_bytes=9 << 30, fd_count=3),
                process(3, "writer", disk_write_bytes=written, fd_count=3),
                process(4, "opener", fd_count=5000)]
    for seconds_ago, written in ((30, 0), (0, 300 << 20)):
        answer = quiet.ingest(batches.make({name: (50.0, "percent") for name in (
            "cpu_usage_percent", "memory_usage_percent", "pressure_io_full_percent",
            "system_fd_used_count")}, table(written), seconds_ago=seconds_ago), agent)
        assert answer.status == 200, answer.body
    check(quiet, token)
    leads = {}
    for alert in alerts(quiet):
        detail = quiet.get(f"/api/v1/alerts/{alert['id']}").json
        first = alert["alert_metadata"]["top_processes"][0]
        ranked_by = detail["context"]["ranked_by"]
        assert detail["context"]["by_" + ranked_by][0]["process_name"] == first["process_name"]
        assert set(first) == {"process_name", "process_id", "cpu_percent", "memory_mb",
                              "io_bytes_per_sec", "fd_count", "change"}
        leads[ranked_by] = first["process_name"]
    assert leads == {"cpu": "spinner", "memory": "hoarder", "io": "writer", "open_files": "opener"}


def test_an_expected_process_that_is_missing_fires(quiet):
    token = quiet.token("operator")
    add_rule(quiet, token, "process_metric", process_name="nginx", metric_field="process_count",
             operator="<", threshold=1, aggregation="last", hostname="web-*")
    for host in ("web-01", "db-01"):
        send(quiet, quiet.token(name=host), BatchMaker(host), 5.0, [process(1, "systemd")])
    check(quiet, token)
    assert [a["source"] for a in alerts(quiet)] == ["process:web-01:nginx"]


def test_a_silent_host_is_told_and_mutes_its_other_alerts_until_it_is_back(quiet):
    token, agent = quiet.token("operator"), quiet.token()
    cpu_rule(quiet, token)
    silent = add_rule(quiet, token, "host_silent", intervals=1, cooldown=60)
    batches = BatchMaker("web-01")
    send(quiet, agent, batches, 99.0)
    check(quiet, token)
    assert [(a["alert_type"], a["status"]) for a in alerts(quiet)] == [("system_metric", "active")]
    quiet.sql("UPDATE monitoring.hosts SET last_seen = last_seen - interval '5 minutes'")
    quiet.sql("UPDATE monitoring.alert_evaluation SET resumed_at = resumed_at - interval '1 hour'")
    check(quiet, token)
    states = {a["alert_type"]: (a["status"], a["suppressed_by"]) for a in alerts(quiet)}
    assert states == {"system_metric": ("suppressed", "inhibited:host_silent"),
                      "host_silent": ("active", None)}
    told = next(a for a in alerts(quiet) if a["rule_id"] == silent["id"])
    assert told["source"] == "host:web-01"

    # That somebody has closed the alert brings nothing back: within the cooldown no other is opened.
    answer = quiet.request("PATCH", f"/api/v1/alerts/{told['id']}",
                           json.dumps({"status": "resolved"}),
                           {"Content-Type": "application/json"}, token)
    assert answer.status == 200, answer.body
    check(quiet, token)
    states = {a["alert_type"]: (a["status"], a["suppressed_by"]) for a in alerts(quiet)}
    assert states == {"system_metric": ("suppressed", "inhibited:host_silent"),
                      "host_silent": ("resolved", None)}

    def is_back():  # written every few seconds only
        send(quiet, agent, batches, 99.0)
        return quiet.sql("SELECT 1 FROM monitoring.hosts WHERE last_seen > now() - interval '1 min'")
    wait_until(is_back, what="last_seen")
    check(quiet, token)
    states = {a["alert_type"]: a["status"] for a in alerts(quiet)}
    assert states == {"system_metric": "active", "host_silent": "resolved"}


def test_the_threshold_of_a_host_takes_the_place_of_the_rules(quiet):
    token = quiet.token("operator")
    cpu_rule(quiet, token)
    for host in ("web-01", "web-02"):
        send(quiet, quiet.token(name=host), BatchMaker(host), 90.0)
    answer = quiet.request("PATCH", "/api/v1/hosts/web-01",
                           json.dumps({"thresholds": {"cpu_usage_percent": 95}}),
                           {"Content-Type": "application/json"}, token)
    assert answer.status == 200, answer.body
    check(quiet, token)
    assert [a["hostname"] for a in alerts(quiet)] == ["web-02"]


def test_a_rule_that_cannot_be_read_is_an_alert_and_the_others_go_on(quiet):
    token, agent = quiet.token("operator"), quiet.token()
    cpu_rule(quiet, token)
    quiet.sql("""INSERT INTO monitoring.alert_rules (name, name_key, rule_type, condition, severity)
                 VALUES ('of the old service', 'of the old service', 'system_metric',
                         '{"metric_type": "cpu_usage_percent"}', 'high')""")
    send(quiet, agent, BatchMaker("web-01"), 99.0)
    check(quiet, token)
    by_type = {a["alert_type"]: a for a in alerts(quiet)}
    assert set(by_type) == {"system_metric", "rule_error"}
    assert "threshold" in by_type["rule_error"]["description"]
    quiet.sql("DELETE FROM monitoring.alert_rules WHERE name = 'of the old service'")
    check(quiet, token)
    assert alerts(quiet, "?alert_type=rule_error")[0]["status"] == "resolved"


def test_states_survive_kill_and_a_pending_rule_fires_in_its_time():
    with Aggregator(environment={"ALERT_CHECK_INTERVAL": "1", "CHORUS_LEADER_LEASE": "1"}) as running:
        token, agent = running.token("operator"), running.token()
        rule = cpu_rule(running, token, for_minutes=1)
        send(running, agent, BatchMaker("web-01"), 99.0)

        def pending():
            return running.sql("SELECT since FROM monitoring.alert_rule_states "
                               f"WHERE rule_id = '{rule['id']}' AND phase = 'pending'")
        since = wait_until(pending, what="pending")
        running.kill()
        running.start()
        before = evaluated_at(running)
        wait_until(lambda: evaluated_at(running) != before, what="a round after the restart")
        assert pending() == since
        running.sql("UPDATE monitoring.alert_rule_states SET since = since - interval '1 minute'")
        wait_until(lambda: len(alerts(running, "?alert_type=system_metric")) == 1, what="the alert")


def test_a_switched_off_rule_ends_its_alerts(quiet):
    token, agent = quiet.token("operator"), quiet.token()
    rule = cpu_rule(quiet, token)
    send(quiet, agent, BatchMaker("web-01"), 99.0)
    check(quiet, token)
    quiet.request("PATCH", f"/api/v1/alert-rules/{rule['id']}", json.dumps({"is_active": False}),
                  {"Content-Type": "application/json"}, token)
    check(quiet, token)
    alert, = alerts(quiet)
    assert (alert["status"], alert["resolved_by"]) == ("resolved", "rule_disabled")


def test_the_clock_of_a_host_is_an_alert(quiet):
    token, agent = quiet.token("operator"), quiet.token()
    batches = BatchMaker("web-01")
    off = timestamp(3600)
    answer = quiet.ingest(batches.make(seconds_ago=3600, sent_at=off), agent)
    assert answer.status == 200
    check(quiet, token)
    alert, = alerts(quiet)
    assert (alert["alert_type"], alert["hostname"]) == ("clock_skew", "web-01")
