"""Rules of a test, batches that they judge, and rounds that are made only when asked for."""

import json
import uuid

from chorus_harness import wait_until

NEVER = {"ALERT_CHECK_INTERVAL": "86400"}  # only when asked for


def evaluated_at(aggregator):
    return aggregator.sql("SELECT evaluated_at FROM monitoring.alert_evaluation")[0][0]


def check(aggregator, token, query=""):
    """Asks for a check and waits until it is written."""
    before = evaluated_at(aggregator)
    answer = aggregator.request("POST", "/api/v1/alerts/check" + query, token=token)
    assert answer.status == 202, answer.body
    wait_until(lambda: evaluated_at(aggregator) != before, what="the check")
    return answer


def add_rule(aggregator, token, rule_type="system_metric", **condition):
    name = condition.pop("name", f"rule {uuid.uuid4()}")
    rule = {"name": name, "rule_type": rule_type, "severity": condition.pop("severity", "high"),
            "cooldown_minutes": condition.pop("cooldown", 0), "condition": condition}
    answer = aggregator.request("POST", "/api/v1/alert-rules", json.dumps(rule),
                                {"Content-Type": "application/json"}, token)
    assert answer.status == 201, answer.body
    return answer.json


def alerts(aggregator, query=""):
    return aggregator.get("/api/v1/alerts" + query).json


def send(aggregator, agent_token, batches, cpu, processes=None):
    answer = aggregator.ingest(
        batches.make({"cpu_usage_percent": (cpu, "percent")}, processes=processes or []),
        agent_token)
    assert answer.status == 200, answer.body


def cpu_rule(aggregator, token, **changes):
    return add_rule(aggregator, token, **{"metric_type": "cpu_usage_percent", "operator": ">",
                                          "threshold": 85.0, "time_window_minutes": 5,
                                          "min_coverage": 0, **changes})
