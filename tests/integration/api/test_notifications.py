"""Alerts leave the aggregator: webhook, Slack, Redis, Alertmanager; each once and in order."""

import hashlib
import hmac
import json
import shutil
import subprocess
import time

import pytest

from chorus_harness import Aggregator, wait_until
from outbox import OPERATOR, change, channels, open_alert, states
from receivers import (AlertSubscriber, Webhook, dead_port, drip, endless_body, failing,
                       reset_after_2xx)


@pytest.fixture
def hook():
    receiver = Webhook()
    yield receiver
    receiver.close()


def test_webhook_gets_the_life_of_an_alert_signed_and_in_order(hook, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("s3cret-canary\n")
    secret.chmod(0o600)
    setting = channels(webhook_ops={"url": hook.url, "secret_file": str(secret)})
    with Aggregator({**OPERATOR, **setting}) as aggregator:
        alert = open_alert(aggregator, "disk full", description="99 %")
        wait_until(lambda: len(hook.taken()) == 1, what="created")
        change(aggregator, alert, "acknowledged")
        wait_until(lambda: len(hook.taken()) == 2, what="acknowledged")
        change(aggregator, alert, "resolved")
        wait_until(lambda: len(hook.taken()) == 3, what="resolved")
        wait_until(lambda: states(aggregator, "webhook:ops") == {"delivered": 3}, what="the log")
        log = "\n".join(aggregator.log)
    events = [headers["X-Chorus-Event"] for _, headers, _, _ in hook.taken()]
    assert events == ["created", "acknowledged", "resolved"]
    assert [body["status"] for _, _, body, _ in hook.taken()] == ["firing", "firing", "resolved"]
    keys = [headers["Idempotency-Key"] for _, headers, _, _ in hook.taken()]
    assert len(set(keys)) == 3 and all(key.startswith(alert + "/") for key in keys)
    for _, headers, _, raw in hook.taken():
        wanted = "sha256=" + hmac.new(b"s3cret-canary", raw, hashlib.sha256).hexdigest()
        assert headers["X-Chorus-Signature"] == wanted
    assert "s3cret-canary" not in log


def test_a_sink_that_fails_thirty_percent_gets_each_transition_once_in_order():
    hook = Webhook(failing(0.3))
    with Aggregator({**OPERATOR, **channels(webhook_ops={"url": hook.url})}) as aggregator:
        alerts = [open_alert(aggregator, f"alert {i}") for i in range(10)]
        for status in ("acknowledged", "resolved"):
            for alert in alerts:
                change(aggregator, alert, status)
        wait_until(lambda: states(aggregator, "webhook:ops") == {"delivered": 30}, 120, "delivery")
    taken = hook.alerts()
    assert len({key for key, _, _ in taken}) == len(taken) == 30
    for alert in alerts:
        assert [event for _, id_, event in taken if id_ == alert] == \
            ["created", "acknowledged", "resolved"]
    refused = [r for r in hook.requests if r[0] == 503]
    assert refused, "the sink never failed: the test shows nothing"
    again = {headers["Idempotency-Key"] for _, headers, _, _ in refused}
    assert again <= {headers["Idempotency-Key"] for _, headers, _, _ in hook.taken()}
    hook.close()


def test_bad_receivers_delay_no_other(hook):
    bad = [Webhook(lambda handler: 500), Webhook(drip), Webhook(endless_body),
           Webhook(reset_after_2xx)]
    setting = channels(
        webhook_good={"url": hook.url}, webhook_dead={"url": f"http://127.0.0.1:{dead_port()}/"},
        webhook_error={"url": bad[0].url}, webhook_drip={"url": bad[1].url},
        webhook_endless={"url": bad[2].url}, webhook_reset={"url": bad[3].url})
    with Aggregator({**OPERATOR, **setting}) as aggregator:
        alerts = [open_alert(aggregator, f"alert {i}") for i in range(5)]
        for alert in alerts:
            change(aggregator, alert, "resolved")
        began = time.monotonic()
        wait_until(lambda: states(aggregator, "webhook:good") == {"delivered": 10}, 8,
                   "the healthy channel, sooner than one attempt at a hanging one ends")
        print(f"healthy channel done after {time.monotonic() - began:.2f} s")
        wait_until(lambda: states(aggregator, "webhook:reset") == {"delivered": 10},
                   what="a 200 counts whatever comes behind it")
        wait_until(lambda: aggregator.sql(
            "SELECT count(*) FROM monitoring.notification_channels WHERE failures > 0"
            " AND channel IN ('webhook:dead', 'webhook:error', 'webhook:drip',"
            " 'webhook:endless')") == [["4"]], 60, "failures of the bad ones")
        for channel in ("dead", "error", "drip", "endless"):
            assert "delivered" not in states(aggregator, "webhook:" + channel)
    assert [event for _, _, event in hook.alerts()].count("resolved") == 5
    for alert in alerts:
        assert [event for _, id_, event in hook.alerts() if id_ == alert] == ["created", "resolved"]
    for receiver in bad:
        receiver.close()


def test_what_waits_survives_kill_and_is_sent_in_order(hook):
    gate = {"open": False}
    hook = Webhook(lambda handler: 200 if gate["open"] else 503)
    with Aggregator({**OPERATOR, **channels(webhook_ops={"url": hook.url})}) as aggregator:
        alert = open_alert(aggregator, "before")
        change(aggregator, alert, "resolved")
        wait_until(lambda: hook.requests, what="an attempt")
        aggregator.kill()
        gate["open"] = True
        aggregator.start()
        wait_until(lambda: states(aggregator, "webhook:ops") == {"delivered": 2}, 60, "delivery")
    assert [event for _, _, event in hook.alerts()] == ["created", "resolved"]
    hook.close()


def test_a_redirect_is_not_followed(hook):
    def redirect(handler):
        handler.send_response(307)
        handler.send_header("Location", hook.url)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
    elsewhere = Webhook(redirect)
    with Aggregator({**OPERATOR, **channels(webhook_ops={"url": elsewhere.url})}) as aggregator:
        open_alert(aggregator, "redirected")
        wait_until(lambda: aggregator.sql(
            "SELECT last_error FROM monitoring.notification_channels WHERE channel = 'webhook:ops'")
            == [["HTTP 307: the receiver has moved; nobody is followed to another place, "
                 "set its new URL"]], what="the failure")
    assert hook.requests == []
    elsewhere.close()


def test_a_receiver_that_asks_to_wait_is_left_alone_and_no_other_waits(hook):
    def later(handler):
        handler.send_response(429)
        handler.send_header("Retry-After", "600")
        handler.send_header("Content-Length", "0")
        handler.end_headers()
    busy = Webhook(later)
    setting = channels(webhook_busy={"url": busy.url}, webhook_ops={"url": hook.url})
    with Aggregator({**OPERATOR, **setting, "ALERTMANAGER_URL": busy.url}) as aggregator:
        open_alert(aggregator, "first")
        wait_until(lambda: len(busy.requests) == 2, what="an attempt at each")
        wait_until(lambda: aggregator.sql(
            "SELECT count(*) FROM monitoring.notification_channels WHERE claimed_by IS NULL AND"
            " retry_at > now() + interval '9 minutes' AND last_error LIKE 'HTTP 429%600 s'")
            == [["2"]], what="the wait")
        open_alert(aggregator, "second")
        aggregator.stop()
        aggregator.start()
        open_alert(aggregator, "third")
        wait_until(lambda: states(aggregator, "webhook:ops") == {"delivered": 3}, what="the other")
        assert len(busy.requests) == 2
    busy.close()


@pytest.mark.parametrize("host", ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]",
                                  "0.0.0.0", "[64:ff9b::a9fe:a9fe]"])
def test_blocked_addresses_are_not_contacted(aggregator, host):
    done = aggregator.command("notify-test", "webhook:x", environment=channels(
        webhook_x={"url": f"http://{host}/latest"}))
    assert done.returncode == 69
    assert "address blocked" in done.stderr


def test_slack_gets_text_and_attachments(aggregator, hook):
    done = aggregator.command("notify-test", "slack:dev",
                              environment=channels(slack_dev={"url": hook.url}))
    assert done.returncode == 0, done.stderr
    _, _, body, _ = hook.taken()[0]
    assert "Test notification" in body["text"]
    assert body["attachments"][0]["title_link"].startswith("http://localhost:")


def test_a_redis_subscriber_hears_of_every_transition():
    with Aggregator(OPERATOR) as aggregator:
        subscriber = AlertSubscriber(aggregator.redis_url)
        alert = open_alert(aggregator, "seen by redis")
        change(aggregator, alert, "acknowledged")
        change(aggregator, alert, "resolved")
        alerts = wait_until(lambda: len(subscriber.alerts) == 3 and subscriber.alerts)
        subscriber.close()
    assert [a["event"] for a in alerts] == ["created", "acknowledged", "resolved"]
    assert [a["status"] for a in alerts] == ["active", "acknowledged", "resolved"]
    assert {a["id"] for a in alerts} == {alert}
    assert alerts[0]["created_at"].endswith("Z") and alerts[0]["resolved_at"] is None


def test_redis_down_is_no_reason_to_fail():
    with Aggregator({**OPERATOR, "REDIS_URL": "redis://127.0.0.1:1/0"}) as aggregator:
        open_alert(aggregator, "without redis")
        assert len(aggregator.get("/api/v1/alerts").json) == 1


def test_a_suppressed_alert_is_not_told_and_a_resolved_one_only_where_it_was(hook):
    with Aggregator({**OPERATOR, **channels(webhook_ops={"url": hook.url})}) as aggregator:
        aggregator.sql("""
            WITH fired AS (
                INSERT INTO monitoring.alerts (alert_type, severity, source, title, fingerprint,
                                               status)
                VALUES ('test', 'high', 'quiet', 'quiet', 'q', 'suppressed') RETURNING id)
            INSERT INTO monitoring.alert_transitions (alert_id, to_status)
            SELECT id, 'suppressed' FROM fired""")
        quiet = aggregator.get("/api/v1/alerts").json[0]["id"]
        change(aggregator, quiet, "resolved")
        loud = open_alert(aggregator, "loud")
        wait_until(lambda: states(aggregator, "webhook:ops") == {"delivered": 1}, what="loud")
        assert states(aggregator, "redis").keys() <= {"pending", "delivered"}
    assert [id_ for _, id_, _ in hook.alerts()] == [loud]


def test_a_rule_names_its_channels(hook):
    other = Webhook()
    setting = channels(webhook_ops={"url": hook.url}, webhook_other={"url": other.url})
    with Aggregator({**OPERATOR, **setting}) as aggregator:
        def write(name, wanted):
            return aggregator.request("POST", "/api/v1/alert-rules", json.dumps({
                "name": name, "rule_type": "system_metric", "severity": "high",
                "condition": {"metric_type": "cpu_usage_percent", "threshold": 80},
                "notification_channels": wanted}), {"Content-Type": "application/json"})
        refused = write("bad", ["webhook:nobody"])
        assert refused.status == 422
        assert refused.faults()[0] == ("unknown_channel", ["body", "notification_channels", 0])
        assert write("mail", ["email:ops@example.org"]).status == 422, "there is no mail server"
        for word in ("webhook", "slack", "email", "redis"):
            assert write("word " + word, [word]).status == 201
        rule = write("one", ["webhook:other"]).json["id"]
        aggregator.sql(f"""
            WITH fired AS (
                INSERT INTO monitoring.alerts (alert_type, severity, source, title, fingerprint,
                                               rule_id)
                VALUES ('system_metric', 'high', 's', 't', 'f', '{rule}') RETURNING id)
            INSERT INTO monitoring.alert_transitions (alert_id, to_status)
            SELECT id, 'active' FROM fired""")
        wait_until(lambda: other.taken(), what="the named channel")
        wait_until(lambda: states(aggregator, "redis") == {"delivered": 1}, what="redis")
        assert states(aggregator, "webhook:ops") == {}
    assert other.taken()[0][2]["alerts"][0]["labels"]["alertname"] == "one"
    other.close()


def test_alertmanager_receives_and_resolves_alerts(tmp_path):
    program = shutil.which("prometheus-alertmanager")
    if not program:
        pytest.skip("needs: prometheus-alertmanager (package prometheus-alertmanager)")
    port, config = dead_port(), tmp_path / "alertmanager.yml"
    config.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
    url = f"http://127.0.0.1:{port}"

    def query():
        done = subprocess.run(["amtool", "--alertmanager.url", url, "alert", "query", "-o", "json"],
                              capture_output=True, text=True, timeout=30, check=False)
        return json.loads(done.stdout or "[]") if done.returncode == 0 else None

    with open(tmp_path / "log", "wb") as log:
        manager = subprocess.Popen(
            [program, f"--config.file={config}", f"--storage.path={tmp_path}/data",
             f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="],
            stdout=log, stderr=log)
    try:
        wait_until(lambda: query() is not None, 60, "alertmanager")
        with Aggregator({**OPERATOR, "ALERTMANAGER_URL": url}) as aggregator:
            alert = open_alert(aggregator, "seen by amtool")
            seen = wait_until(query, 30, "the alert in Alertmanager")
            assert seen[0]["labels"]["alertname"] == "seen by amtool"
            assert seen[0]["labels"]["severity"] == "high"
            assert seen[0]["annotations"]["summary"] == "seen by amtool"
            change(aggregator, alert, "resolved")
            wait_until(lambda: query() == [], 30, "the end of the alert")
    finally:
        manager.terminate()
        manager.wait(20)


def test_notify_test_tells_what_went_wrong(aggregator, hook):
    good = channels(webhook_ops={"url": hook.url})
    done = aggregator.command("notify-test", "webhook:ops", environment=good)
    assert done.returncode == 0 and "took the test notification" in done.stdout
    assert hook.taken()[0][2]["alerts"][0]["annotations"]["summary"].startswith("Test notification on ")
    assert aggregator.command("notify-test", "redis").returncode == 0
    done = aggregator.command("notify-test", "webhook:nobody", environment=good)
    assert done.returncode == 64 and "webhook:ops" in done.stderr
    assert aggregator.command("notify-test").returncode == 64
    dead = channels(webhook_ops={"url": f"http://127.0.0.1:{dead_port()}/"})
    done = aggregator.command("notify-test", "webhook:ops", environment=dead)
    assert done.returncode == 69 and "connection refused" in done.stderr


def test_bad_channel_settings_are_named(aggregator):
    done = aggregator.command("check", "config", environment={
        "CHORUS_NOTIFICATION_CHANNELS": '{"pager:x": {}, "webhook:y": {"url": "file:///etc"}}',
        "ALERTMANAGER_URL": "gopher://x", "CHORUS_SMTP_URL": "smtp://mail.example"})
    assert done.returncode == 78
    for text in ("pager:x", "webhook:y", "alertmanager-url", "smtp-from"):
        assert text in done.stderr
