// What answers of receivers mean: HTTP and mail servers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aggregator/notify/http_send.h"
#include "aggregator/notify/smtp_reply.h"

namespace chorus::notify {
namespace {

using net::SmtpStep;
using store::DeliveryOutcome;
using testing::HasSubstr;

const Timestamp kNow = *parse_timestamp("2026-03-01T12:00:00Z");

SendResult http(int status, const std::string& retry_after = "") {
    HttpHead head;
    head.status = status;
    head.retry_after = retry_after;
    return judge_answer(head, kNow);
}

TEST(ReceiverAnswer, ARedirectIsNotFollowedAndTheRemedyIsTold) {
    for (const int status : {301, 302, 303, 307, 308}) {
        const auto result = http(status);
        EXPECT_EQ(result.outcome, DeliveryOutcome::retry);
        EXPECT_THAT(result.error, HasSubstr("HTTP " + std::to_string(status)));
        EXPECT_THAT(result.error, HasSubstr("set its new URL"));
    }
}

TEST(ReceiverAnswer, OnlyWhatIsWrongWithTheMessageEndsIt) {
    for (const int status : {200, 202, 204}) {
        EXPECT_EQ(http(status).outcome, DeliveryOutcome::delivered);
    }
    for (const int status : {400, 413, 415, 422}) {
        EXPECT_EQ(http(status).outcome, DeliveryOutcome::refused);
    }
    for (const int status : {101, 304, 401, 403, 404, 407, 408, 410, 429, 500, 503, 599, 999}) {
        EXPECT_EQ(http(status).outcome, DeliveryOutcome::retry) << status;
    }
    EXPECT_THAT(http(410).error, HasSubstr("there is no receiver at this URL"));
    EXPECT_THAT(http(403).error, HasSubstr("does not let us in"));
}

TEST(ReceiverAnswer, ItsWishToWaitIsHonouredUpToAnHour) {
    EXPECT_EQ(http(429, "60").asked_wait, std::chrono::seconds{60});
    EXPECT_EQ(http(503, "Sun, 01 Mar 2026 12:01:30 GMT").asked_wait, std::chrono::seconds{90});
    EXPECT_EQ(http(429, "86400").asked_wait, std::chrono::hours{1});
    EXPECT_EQ(http(429, "soon").asked_wait, std::chrono::seconds{0});
    EXPECT_THAT(http(429, "60").error, HasSubstr("asks to wait 60 s"));
}

SendResult mail(SmtpStep step, int code, const std::string& text) {
    return judge_refusal({step, {code, text}, "monitor.example.org"});
}

struct Case {
    SmtpStep step;
    int code;
    const char* text;
    const char* words;  // that the error must hold
};

TEST(MailRefusal, WhatIsAboutUsOrTheTimeIsTriedAgainAndSaysWhatToDo) {
    using enum SmtpStep;
    const Case cases[] = {
        {greeting, 421, "4.3.2 shutting down", "the connection (421)"},
        {greeting, 521, "does not take mail", "the connection (521)"},
        {greeting, 554, "no SMTP service here", "the connection (554)"},
        {greeting, 554, "5.7.1 blocked by a list", "takes no mail from here"},
        {hello, 501, "5.5.4 invalid name", "set smtp-hello"},
        {hello, 504, "", "greeted as monitor.example.org"},
        {hello, 550, "bad HELO", "set smtp-hello"},
        {start_tls, 454, "TLS not available", "STARTTLS (454)"},
        {start_tls, 502, "", "STARTTLS (502)"},
        {login, 535, "5.7.8 bad credentials", "smtp-password"},
        {login, 534, "", "smtp-password"},
        {login, 502, "", "smtp-url"},
        {sender, 530, "5.7.0 authentication required", "smtp-password"},
        {sender, 550, "5.1.8 unknown sender", "check smtp-from"},
        {sender, 553, "", "check smtp-from"},
        {sender, 501, "", "check smtp-from"},
        {sender, 552, "5.2.2 full", "check smtp-from"},
        {recipient, 504, "5.5.2 need fully-qualified hostname", "set smtp-hello"},
        {recipient, 550, "need a better HELO name", "set smtp-hello"},
        {recipient, 530, "5.7.1 login first", "smtp-password"},
        {recipient, 550, "5.7.1 relaying denied", "let it relay"},
        {recipient, 550, "relay not permitted", "let it relay"},
        {recipient, 554, "5.7.1 relay access denied", "let it relay"},
        {recipient, 554, "client host blocked", "takes no mail from here"},
        {recipient, 571, "", "takes no mail from here"},
        {recipient, 550, "5.1.8 sender's domain unknown", "check smtp-from"},
        {recipient, 450, "4.2.0 greylisted", "the recipient (450)"},
        {recipient, 451, "", "the recipient (451)"},
        {recipient, 452, "4.5.3 too many", "the recipient (452)"},
        {recipient, 552, "5.2.2 mailbox full", "the recipient (552)"},
        {recipient, 552, "", "the recipient (552)"},
        {recipient, 500, "", "the recipient (500)"},
        {recipient, 502, "", "the recipient (502)"},
        {recipient, 503, "5.5.1 bad sequence", "the recipient (503)"},
        {recipient, 521, "", "the recipient (521)"},
        {recipient, 550, "5.4.4 no route", "the recipient (550)"},
        {recipient, 554, "", "the recipient (554)"},
        {text, 421, "", "the text (421)"},
        {text, 452, "4.3.1 no space", "the text (452)"},
        {text, 503, "", "the text (503)"},
        {text, 504, "", "set smtp-hello"},
        {text, 550, "5.7.26 not authenticated by SPF or DKIM", "takes no mail from here"},
        {text, 554, "5.5.1 no valid recipients", "the text (554)"},
        {text, 250, "where 354 was expected", "the text (250)"},
    };
    for (const auto& one : cases) {
        const auto result = mail(one.step, one.code, one.text);
        EXPECT_EQ(result.outcome, DeliveryOutcome::retry) << one.code << " " << one.text;
        EXPECT_THAT(result.error, HasSubstr(one.words)) << one.code << " " << one.text;
    }
}

TEST(MailRefusal, AMailboxThatDoesNotExistEndsItForTheRecipient) {
    const Case cases[] = {
        {SmtpStep::recipient, 550, "unknown", ""},
        {SmtpStep::recipient, 550, "5.1.1 <relay-team@example.org> unknown", ""},
        {SmtpStep::recipient, 550, "5.2.1 disabled", ""},
        {SmtpStep::recipient, 551, "", ""},
        {SmtpStep::recipient, 553, "5.1.3 bad address", ""},
        {SmtpStep::recipient, 553, "", ""},
        {SmtpStep::recipient, 556, "5.1.10 takes no mail", ""},
        {SmtpStep::recipient, 501, "5.1.3 bad address", ""},
    };
    for (const auto& one : cases) {
        const auto result = mail(one.step, one.code, one.text);
        EXPECT_EQ(result.outcome, DeliveryOutcome::impossible) << one.code << " " << one.text;
        EXPECT_EQ(result.error,
                  "the mail server refuses the recipient (" + std::to_string(one.code) + ")");
    }
}

TEST(MailRefusal, ATextThatIsRefusedEndsThisMessage) {
    const Case cases[] = {
        {SmtpStep::text, 550, "", ""},
        {SmtpStep::text, 552, "5.3.4 too large", ""},
        {SmtpStep::text, 552, "5.2.3 too large", ""},
        {SmtpStep::text, 554, "", ""},
        {SmtpStep::text, 554, "5.7.1 blocked as spam", ""},
        {SmtpStep::text, 554, "5.6.0 malformed", ""},
        {SmtpStep::recipient, 552, "5.3.4 too large", ""},
    };
    for (const auto& one : cases) {
        EXPECT_EQ(mail(one.step, one.code, one.text).outcome, DeliveryOutcome::refused)
            << one.code << " " << one.text;
    }
}

}  // namespace
}  // namespace chorus::notify
