"""An alert to post over the API, and what its life looks like there."""

import json
import re

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
ALERT = {"alert_type": "custom", "severity": "high", "source": "backup:web-01",
         "title": "Backup is late", "description": "no backup since yesterday",
         "alert_metadata": {"hours": 26, "nested": {"list": [1, "two", None]}}}


def post(aggregator, body, path="/api/v1/alerts", method="POST", headers=None, token=None):
    data = body if isinstance(body, (bytes, str)) else json.dumps(body)
    return aggregator.request(method, path, data,
                              {"Content-Type": "application/json", **(headers or {})}, token)


def patch(aggregator, alert, body, **options):
    return post(aggregator, body, f"/api/v1/alerts/{alert['id']}", "PATCH", **options)


def history(aggregator, alert):
    steps = aggregator.get(f"/api/v1/alerts/{alert['id']}/transitions").json
    return [(s["from_status"], s["to_status"], s["actor"], s["comment"]) for s in steps]
