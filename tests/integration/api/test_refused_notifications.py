"""A receiver that will never take a message costs nobody but the alert it objects to its page."""

import json

import pytest

from chorus_harness import Aggregator, wait_until
from outbox import OPERATOR, change, channels, open_alert, open_together, states
from receivers import MailServer, Webhook

TITLES = ["first", "poison", "third", "fourth"]


def titles(body):
    return [alert["annotations"]["summary"] for alert in body["alerts"]]


def failed(aggregator):
    """(title, reason) of every notification that was given up."""
    return [tuple(row) for row in aggregator.sql(
        "SELECT a.title, n.last_error FROM monitoring.notifications n"
        " JOIN monitoring.alerts a ON a.id = n.alert_id WHERE n.state = 'failed' ORDER BY 1")]


def test_a_receiver_that_refuses_the_message_does_not_block_the_next():
    hook = Webhook(lambda handler: 422 if b"poison" in handler.raw_body else 200)
    with Aggregator({**OPERATOR, **channels(webhook_ops={"url": hook.url})}) as aggregator:
        open_alert(aggregator, "poison")
        wait_until(lambda: states(aggregator, "webhook:ops") == {"failed": 1}, what="refusal")
        open_alert(aggregator, "harmless")
        wait_until(lambda: states(aggregator, "webhook:ops") == {"failed": 1, "delivered": 1},
                   what="the next one")
    hook.close()


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_one_bad_alert_takes_no_other_of_its_message_with_it(status):
    hook = Webhook(lambda handler: status if b"poison" in handler.raw_body else 200)
    with Aggregator({**OPERATOR, **channels(webhook_ops={"url": hook.url})}) as aggregator:
        open_together(aggregator, TITLES)
        wait_until(lambda: states(aggregator, "webhook:ops") == {"delivered": 3, "failed": 1},
                   what="the others")
        assert failed(aggregator) == [("poison", f"HTTP {status}")]
        metrics = aggregator.get("/metrics").body.decode()
    refused, *singles = hook.requests
    assert titles(refused[2]) == TITLES, "they were one message"
    assert [titles(body) for _, _, body, _ in singles] == [[title] for title in TITLES]
    # The keys that each alert had in the message, so that a receiver may know it again.
    assert [headers["Idempotency-Key"] for _, headers, _, _ in singles] == \
        [alert["idempotencyKey"] for alert in refused[2]["alerts"]]
    for result in ("split", "failed"):
        assert ('chorus_aggregator_notifications_total{channel="webhook:ops",result="'
                f'{result}"}} 1\n') in metrics
    hook.close()


def test_a_message_that_is_only_too_long_arrives_alert_by_alert():
    hook = Webhook(lambda handler: 413 if len(json.loads(handler.raw_body)["alerts"]) > 1 else 200)
    with Aggregator({**OPERATOR, **channels(webhook_ops={"url": hook.url})}) as aggregator:
        open_together(aggregator, TITLES)
        wait_until(lambda: states(aggregator, "webhook:ops") == {"delivered": 4}, what="all")
    assert [titles(body) for _, _, body, _ in hook.taken()] == [[title] for title in TITLES]
    hook.close()


def test_a_kill_while_a_refused_message_is_sent_alert_by_alert_loses_none_of_them():
    gate = {"open": False}

    def answer(handler):
        alerts = titles(json.loads(handler.raw_body))
        if "poison" in alerts:
            return 400
        return 200 if alerts == ["first"] or gate["open"] else 503

    hook = Webhook(answer)
    with Aggregator({**OPERATOR, **channels(webhook_ops={"url": hook.url})}) as aggregator:
        open_together(aggregator, TITLES)
        wait_until(lambda: 503 in [status for status, _, _, _ in hook.requests], what="third")
        # What comes now must not overtake what its alert still has to tell.
        third, = aggregator.sql("SELECT id FROM monitoring.alerts WHERE title = 'third'")
        change(aggregator, third[0], "resolved")
        aggregator.kill()
        gate["open"] = True
        aggregator.start()
        wait_until(lambda: states(aggregator, "webhook:ops") == {"delivered": 4, "failed": 1}, 60,
                   "the rest")
        assert failed(aggregator) == [("poison", "HTTP 400")]
    keys = [key for key, _, _ in hook.alerts()]
    assert len(set(keys)) == len(keys) == 4
    assert [event for _, id_, event in hook.alerts() if id_ == third[0]] == ["created", "resolved"]
    hook.close()


def test_a_mailbox_that_does_not_exist_is_asked_once_a_message():
    server = MailServer()
    environment = {
        **OPERATOR, "CHORUS_NOTIFICATION_CHANNELS": '{"email:unknown@example.org": {}}',
        "CHORUS_SMTP_URL": f"smtp://127.0.0.1:{server.port}", "CHORUS_SMTP_ALLOW_PLAIN": "true",
        "CHORUS_SMTP_FROM": "chorus@example.org"}
    with Aggregator(environment) as aggregator:
        open_together(aggregator, TITLES)
        wait_until(lambda: states(aggregator, "email:unknown@example.org") == {"failed": 4},
                   what="refusal")
    assert [command for command in server.commands if command.startswith("RCPT")] == \
        ["RCPT TO:<unknown@example.org>"]
    server.close()


def test_firing_alerts_that_alertmanager_refuses_to_be_told_again_hide_none_behind_them():
    def summaries(body):
        return [alert["annotations"]["summary"] for alert in body]

    hook = Webhook(lambda handler: 400 if b"poison" in handler.raw_body else 200)
    # What is told again goes in messages of 500, what is new in messages of 100.
    crowd = ["poison"] + [f"alert {i}" for i in range(499)] + ["last"]
    with Aggregator({**OPERATOR, "ALERTMANAGER_URL": hook.url}) as aggregator:
        open_together(aggregator, crowd)
        wait_until(lambda: states(aggregator, "alertmanager") == {"delivered": 500, "failed": 1},
                   60, "all but one")
        # They are told again once a minute, and at the start.
        aggregator.stop()
        seen = len(hook.requests)
        aggregator.start()
        wait_until(lambda: ["last"] in [summaries(body) for _, _, body, _ in hook.requests[seen:]],
                   90, "the second message of those told again")
        assert (400, crowd[:500]) in [(status, summaries(body))
                                      for status, _, body, _ in hook.requests[seen:]]
    hook.close()
