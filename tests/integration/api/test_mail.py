"""Alerts leave the aggregator by mail."""

import email
import email.policy

import pytest

from chorus_harness import Aggregator, wait_until
from outbox import OPERATOR, open_alert, open_together, states
from receivers import MailServer, make_certificate


def test_mail_goes_over_starttls_with_a_login_and_groups_alerts(tmp_path):
    certificate, key = make_certificate(tmp_path)
    server = MailServer(certificate, key, login=("chorus", "mail-canary"))
    environment = {
        **OPERATOR, **{"CHORUS_NOTIFICATION_CHANNELS": '{"email:ops@example.org": {}}'},
        "CHORUS_SMTP_URL": f"smtp://chorus@localhost:{server.port}",
        "CHORUS_SMTP_PASSWORD": "mail-canary", "CHORUS_SMTP_FROM": "chorus@example.org",
        "CHORUS_NOTIFY_CA_FILE": certificate}
    with Aggregator(environment) as aggregator:
        open_alert(aggregator, "ünïcode\u2028 trouble", description="line one\r\nBcc: x@y.example")
        wait_until(lambda: server.mails, what="a mail")
        open_together(aggregator, [f"web-{i}" for i in range(1, 4)])
        wait_until(lambda: len(server.mails) == 2, what="the second mail")
        wait_until(lambda: states(aggregator, "email:ops@example.org") == {"delivered": 4},
                   what="the log")
        log = "\n".join(aggregator.log)
    first, second = (email.message_from_bytes(mail["data"], policy=email.policy.default)
                     for mail in server.mails)
    assert server.mails[0]["tls"] and server.mails[0]["user"] == "chorus"
    assert "ünïcode" in first["Subject"] and first["Bcc"] is None
    assert first["To"] == "ops@example.org"
    assert "line one" in first.get_content()
    assert "3 alerts" in second["Subject"]
    assert second.get_content().count("Source: system:web-") == 3
    assert "mail-canary" not in log
    server.close()


def test_mail_is_not_sent_in_the_clear_unless_allowed(aggregator):
    server = MailServer()
    environment = {"CHORUS_SMTP_URL": f"smtp://me:pw@127.0.0.1:{server.port}",
                   "CHORUS_SMTP_FROM": "chorus@example.org"}
    done = aggregator.command("notify-test", "email:ops@example.org", environment=environment)
    assert done.returncode == 69 and "STARTTLS" in done.stderr
    assert server.mails == []
    done = aggregator.command("notify-test", "email:ops@example.org",
                              environment={**environment, "CHORUS_SMTP_ALLOW_PLAIN": "true"})
    assert done.returncode == 0, done.stderr
    assert not any(command.startswith("AUTH") for command in server.commands)
    server.close()

MAIL = {"CHORUS_SMTP_FROM": "chorus@example.org", "CHORUS_SMTP_ALLOW_PLAIN": "true"}


def mail_to(aggregator, server, **settings):
    return aggregator.command("notify-test", "email:ops@example.org", environment={
        **MAIL, "CHORUS_SMTP_URL": f"smtp://127.0.0.1:{server.port}", **settings})


@pytest.mark.parametrize("refusal", ["500 what", "502 5.5.1 not implemented", "554 no"])
def test_a_mail_server_without_ehlo_is_greeted_with_helo(aggregator, refusal):
    server = MailServer(answer=lambda command, state: refusal if command.startswith("EHLO")
                        else None)
    done = mail_to(aggregator, server)
    assert done.returncode == 0, done.stderr
    assert [m["hello"] for m in server.mails] == ["example.org"]
    server.close()


def test_a_mail_server_is_greeted_as_the_setting_says(aggregator):
    server = MailServer()
    assert mail_to(aggregator, server, CHORUS_SMTP_HELLO="mon.example.net").returncode == 0
    assert mail_to(aggregator, server, CHORUS_SMTP_FROM="chorus@localhost").returncode == 0
    first, second = [m["hello"] for m in server.mails]
    assert first == "mon.example.net" and "." in second
    done = mail_to(aggregator, server, CHORUS_SMTP_HELLO="two words")
    assert done.returncode == 78 and "smtp-hello" in done.stderr
    server.close()


def test_a_refusal_that_is_about_us_costs_no_page():
    replies = {"RCPT": "504 5.5.2 need fully-qualified hostname"}
    server = MailServer(answer=lambda command, state: replies.get(command[:4]))
    environment = {**OPERATOR, **MAIL, "CHORUS_SMTP_URL": f"smtp://127.0.0.1:{server.port}",
                   "CHORUS_NOTIFICATION_CHANNELS": '{"email:ops@example.org": {}}'}
    with Aggregator(environment) as aggregator:
        open_alert(aggregator, "page")
        error = wait_until(lambda: aggregator.sql(
            "SELECT last_error FROM monitoring.notification_channels"
            " WHERE channel LIKE 'email:%' AND failures > 0"), 60, "the refusal")[0][0]
        assert error == ("the mail server refuses the recipient (504): it was greeted as "
                         "example.org; set smtp-hello to a full host name that it takes")
        wait_until(lambda: error in "\n".join(aggregator.log), what="the log")
        replies.clear()
        wait_until(lambda: states(aggregator, "email:ops@example.org") == {"delivered": 1},
                   60, "the page")
    server.close()


def test_mail_server_that_nobody_trusts_gets_nothing(aggregator, tmp_path):
    certificate, key = make_certificate(tmp_path)
    server = MailServer(certificate, key)
    done = aggregator.command("notify-test", "email:ops@example.org", environment={
        "CHORUS_SMTP_URL": f"smtp://localhost:{server.port}",
        "CHORUS_SMTP_FROM": "chorus@example.org"})
    assert done.returncode == 69 and "certificate" in done.stderr
    assert server.mails == []
    server.close()
