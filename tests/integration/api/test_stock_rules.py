"""The rules that come with the program."""

import json

from chorus_harness import Aggregator, wait_until
from rule_rounds import NEVER


def test_stock_rules_are_made_once_and_stay_as_they_were_left():
    with Aggregator(environment={**NEVER, "CHORUS_STOCK_RULES": "true",
                                 "CPU_ALERT_THRESHOLD": "71.5"}) as running:
        token = running.token("operator")
        rules = wait_until(lambda: running.get("/api/v1/alert-rules?limit=1000").json)
        assert len(rules) > 20 and all(rule["stock"] and rule["is_active"] for rule in rules)
        by_name = {rule["name"]: rule for rule in rules}
        cpu = by_name["Stock: CPU usage"]
        assert cpu["condition"]["threshold"] == 71.5
        off, gone = by_name["Stock: disk queue"], by_name["Stock: RAID degraded"]
        for rule in rules:  # what is shipped can be written as any user's rule
            copy = {name: rule[name] for name in ("rule_type", "condition", "severity")}
            answer = running.request("POST", "/api/v1/alert-rules/test?days=1",
                                     json.dumps({"name": "copy", **copy}),
                                     {"Content-Type": "application/json"}, token)
            assert answer.status == 200, (rule, answer.body)
        running.request("PATCH", f"/api/v1/alert-rules/{off['id']}",
                        json.dumps({"is_active": False}), {"Content-Type": "application/json"},
                        token)
        running.request("DELETE", f"/api/v1/alert-rules/{gone['id']}", token=token)
        running.stop()
        running.environment["CPU_ALERT_THRESHOLD"] = "64"
        running.start()
        wait_until(lambda: running.get(f"/api/v1/alert-rules/{cpu['id']}").json["condition"]
                   ["threshold"] == 64, what="the new threshold")
        after = {r["name"]: r for r in running.get("/api/v1/alert-rules?limit=1000").json}
        assert len(after) == len(rules) - 1 and gone["name"] not in after
        assert after[off["name"]]["is_active"] is False
