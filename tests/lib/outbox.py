"""What tests of notifications share: channels to configure, alerts to open, states to wait for."""

import json

OPERATOR = {"CHORUS_ANONYMOUS_ROLE": "operator"}


def channels(**named):
    """The setting notification-channels; webhook_ops=... stands for webhook:ops."""
    return {"CHORUS_NOTIFICATION_CHANNELS": json.dumps(
        {name.replace("_", ":", 1): value for name, value in named.items()})}


def open_alert(aggregator, title, **fields):
    answer = aggregator.request("POST", "/api/v1/alerts", json.dumps(
        {"alert_type": "test", "severity": "high", "source": "test:" + title, "title": title,
         **fields}), {"Content-Type": "application/json"})
    assert answer.status == 201, answer.body
    return answer.json["id"]


def open_together(aggregator, titles):
    """Opens alerts in one transaction, as a round of evaluation does, so that they are told in one
    message."""
    values = ", ".join(f"('test', 'high', 'system:{title}', '{title}', 'f {title}')"
                       for title in titles)
    aggregator.sql(f"""
        WITH fired AS (
            INSERT INTO monitoring.alerts (alert_type, severity, source, title, fingerprint)
            VALUES {values} RETURNING id)
        INSERT INTO monitoring.alert_transitions (alert_id, to_status)
        SELECT id, 'active' FROM fired""")


def change(aggregator, alert, status):
    answer = aggregator.request("PATCH", "/api/v1/alerts/" + alert, json.dumps({"status": status}),
                                {"Content-Type": "application/json"})
    assert answer.status == 200, answer.body


def states(aggregator, channel):
    """How many notifications of a channel are in which state."""
    rows = aggregator.sql("SELECT state, count(*) FROM monitoring.notifications"
                          f" WHERE channel = '{channel}' GROUP BY 1")
    return {state: int(count) for state, count in rows}
