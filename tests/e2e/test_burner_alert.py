"""A process burns the CPU of this machine: the alert names it, is acknowledged, and ends with it.

All of it is seen by API, by SQL, in Redis and by a webhook.
"""

import json
import os
import re
import subprocess
import sys

import pytest

from chorus_harness import Agent, Aggregator, wait_until
from receivers import AlertSubscriber, Webhook

# It measures what the machine does, so nothing else may keep it busy.
pytestmark = pytest.mark.alone

BURNER = "planted-cpu"
HOST = "burner-01"
LONG = 180  # seconds; a few are enough on an idle machine


@pytest.fixture
def burner(tmp_path):
    """Starts the burner when it is called; ends it with the test if it still runs."""
    link = tmp_path / BURNER  # the name of a process is that of the file it was started by
    os.symlink(sys.executable, link)
    running = []

    def start():
        process = subprocess.Popen([str(link), "-c", "while True: pass"])
        running.append(process)
        try:  # also beside compilers it is to have a processor for itself
            os.setpriority(os.PRIO_PROCESS, process.pid, -15)
        except PermissionError:
            pass
        return process
    yield start
    for process in running:
        process.kill()
        process.wait()


@pytest.fixture
def hook():
    receiver = Webhook()
    yield receiver
    receiver.close()


def write(aggregator, method, path, body, token):
    answer = aggregator.request(method, path, json.dumps(body),
                                {"Content-Type": "application/json"}, token)
    assert answer.status in (200, 201), answer.body
    return answer.json


def add_rule(aggregator, token, name, rule_type, **condition):
    return write(aggregator, "POST", "/api/v1/alert-rules", {
        "name": name, "rule_type": rule_type, "severity": "high", "cooldown_minutes": 0,
        "condition": {"hostname": HOST, "time_window_minutes": 1, "operator": ">", **condition},
    }, token)["id"]


def alerts_of(aggregator, rule):
    return aggregator.get(f"/api/v1/alerts?rule_id={rule}").json


def assert_names(alert, pid):
    """The snapshot shows the burner among the busiest processes."""
    told = {p["process_id"]: p for p in alert["alert_metadata"]["top_processes"]}
    kept = {p["process_id"]: p for p in alert["context"]["by_cpu"]}
    for processes in (told, kept):
        assert processes[pid]["process_name"] == BURNER
        assert processes[pid]["cpu_percent"] > 0
    assert alert["context"]["hostname"] == HOST and alert["context_taken_at"].endswith("Z")


def assert_message_leads_with(message, alert, pid):
    """The first process of the message is the burner, unless another one took even more."""
    first = alert["alert_metadata"]["top_processes"][0]
    told = {p["process_id"]: p for p in alert["alert_metadata"]["top_processes"]}
    assert first["process_id"] == pid or first["cpu_percent"] > told[pid]["cpu_percent"], first
    text = message["annotations"]["top_processes"]
    assert text.startswith(f"{first['process_name']} ({first['process_id']}) "), text
    assert re.search(rf"{BURNER} \({pid}\) [\d.]+% CPU", text), text


def assert_opened(aggregator, alert, pid):
    assert alert["source"] == f"process:{HOST}:{BURNER}" and alert["status"] == "active"
    assert alert["title"] == "Burner - Process Alert"
    assert alert["alert_metadata"]["process_id"] == pid
    assert alert["alert_metadata"]["current_value"] > 50
    assert_names(aggregator.get("/api/v1/alerts/" + alert["id"]).json, pid)
    assert status_in_sql(aggregator, alert["id"]) == ["active", "", ""]


def assert_told_of_the_opening(body, alert, pid):
    """What the webhook was sent."""
    assert body["status"] == "firing"
    message = body["alerts"][0]
    assert message["annotations"]["summary"] == f"Burner on {HOST} ({BURNER})"
    assert re.match(rf"{BURNER} cpu_percent value [\d.]+ > 50 on {HOST} at ",
                    message["annotations"]["description"])
    assert_message_leads_with(message, alert, pid)


def assert_that_the_host_is_told_busy(aggregator, token, pid):
    """The host as a whole is busy, too, and that alert names who makes it so."""
    rule = add_rule(aggregator, token, "Busy host", "system_metric",
                    metric_type="cpu_usage_percent", threshold=1, aggregation="last")
    busy, = wait_until(lambda: alerts_of(aggregator, rule), LONG, "the alert of the host")
    assert busy["source"] == f"system:{HOST}"
    detail = aggregator.get("/api/v1/alerts/" + busy["id"]).json
    assert_names(detail, pid)
    assert detail["context"]["ranked_by"] == "cpu"


def transitions(aggregator, alert):
    return aggregator.sql("SELECT coalesce(from_status, ''), to_status FROM"
                          f" monitoring.alert_transitions WHERE alert_id = '{alert}'"
                          " ORDER BY transition_id")


def status_in_sql(aggregator, alert):
    return aggregator.sql("SELECT status, coalesce(acknowledged_by, ''), coalesce(resolved_by, '')"
                          f" FROM monitoring.alerts WHERE id = '{alert}'")[0]


def told(hook, alert):
    return [event for _, id_, event in hook.alerts() if id_ == alert]


def test_a_burner_is_named_acknowledged_and_resolved_by_itself(burner, hook):
    setting = json.dumps({"webhook:ops": {"url": hook.url}})
    with Aggregator({"ALERT_CHECK_INTERVAL": "1", "CHORUS_NOTIFICATION_CHANNELS": setting}) as \
            aggregator, Agent(aggregator, HOST):
        subscriber = AlertSubscriber(aggregator.redis_url)
        token = aggregator.token("operator", name="on-call")

        def everywhere(alert, events):
            """Redis and webhook have heard exactly this, in this order."""
            for name, heard in (("Redis", subscriber.events), ("webhook", lambda a: told(hook, a))):
                wait_until(lambda h=heard: len(h(alert)) >= len(events), LONG,
                           f"{events[-1]} by {name}")
                assert heard(alert) == events, name

        # Once it burns it goes on to fire until it is nearly idle: others may take its processor.
        rule = add_rule(aggregator, token, "Burner", "process_metric", process_name=BURNER,
                        metric_field="cpu_percent", threshold=50, clear_threshold=5,
                        aggregation="avg")

        def judged():
            state = aggregator.get(f"/api/v1/alert-rules/{rule}").json["state"]
            return state == "no_data" and aggregator.get("/api/v1/hosts").json
        wait_until(judged, LONG, "a round without the burner")
        assert alerts_of(aggregator, rule) == []

        process = burner()
        first, = wait_until(lambda: alerts_of(aggregator, rule), LONG, "the alert")
        alert = first["id"]
        assert_opened(aggregator, first, process.pid)
        everywhere(alert, ["created"])
        published = subscriber.alerts[0]
        assert published["status"] == "active" and BURNER in published["source"]
        assert_told_of_the_opening(hook.taken()[0][2], first, process.pid)

        assert_that_the_host_is_told_busy(aggregator, token, process.pid)
        write(aggregator, "PATCH", "/api/v1/alerts/" + alert,
              {"status": "acknowledged", "comment": "it is a test"}, token)
        everywhere(alert, ["created", "acknowledged"])
        assert status_in_sql(aggregator, alert) == ["acknowledged", "on-call", ""]

        process.kill()
        process.wait()
        ended = wait_until(lambda: [a for a in alerts_of(aggregator, rule)
                                    if a["status"] == "resolved"], LONG, "the end")
        assert [a["id"] for a in ended] == [alert], "one alert, not one a round"
        assert ended[0]["description"].startswith(first["description"])
        assert (ended[0]["acknowledged_by"], ended[0]["resolved_by"]) == ("on-call", "auto")
        everywhere(alert, ["created", "acknowledged", "resolved"])
        assert hook.taken()[-1][2]["alerts"][-1]["status"] == "resolved"
        assert status_in_sql(aggregator, alert) == ["resolved", "on-call", "auto"]
        assert transitions(aggregator, alert) == [
            ["", "active"], ["active", "acknowledged"], ["acknowledged", "resolved"]]
        assert len(alerts_of(aggregator, rule)) == 1
        # The snapshot stays when the process is long gone.
        assert_names(aggregator.get("/api/v1/alerts/" + alert).json, process.pid)
        subscriber.close()
