// What receivers get to see of alerts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aggregator/notify/alert_bodies.h"
#include "aggregator/notify/alert_labels.h"
#include "aggregator/notify/alert_text.h"
#include "aggregator/notify/channel_config.h"
#include "aggregator/notify/encoding.h"
#include "common/json/json_reader.h"

namespace chorus::notify {
namespace {

using store::AlertStatus;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

store::Notification notification(std::int64_t transition, std::optional<AlertStatus> from,
                                 AlertStatus to) {
    store::Notification one;
    one.alert.id = Uuid::parse("11111111-2222-4333-8444-555555555555").value();
    one.alert.alert_type = "system_metric";
    one.alert.severity = store::Severity::high;
    one.alert.source = "system:web-01";
    one.alert.title = "CPU - cpu_usage_percent Alert";
    one.alert.description = "cpu_usage_percent value 97.2 > 80 on web-01";
    one.alert.metadata_json =
        R"({"current_value":97.25,"threshold":80,"top_processes":[)"
        R"({"process_name":"burner","process_id":4711,"cpu_percent":99.5},{"process_name":"sh"}]})";
    one.alert.status = to;
    one.alert.hostname = "web-01";
    one.alert.fingerprint = "0123456789abcdef0123456789abcdef";
    one.alert.created_at = parse_timestamp("2026-01-15T10:00:00Z").value();
    one.alert.rule_name = "High CPU";
    one.transition.id = transition;
    one.transition.alert_id = one.alert.id;
    one.transition.from = from;
    one.transition.to = to;
    one.transition.at = parse_timestamp("2026-01-15T10:05:00Z").value();
    return one;
}

const Links kLinks{"https://monitor.example"};

std::string text_at(JsonValue value, const std::string& pointer) {
    std::string_view text;
    EXPECT_EQ(value.at_pointer(pointer).get(text), simdjson::SUCCESS) << pointer;
    return std::string(text);
}

TEST(WebhookBody, HasTheFieldsOfAlertmanagersVersion4) {
    const Message message{"webhook:ops", {notification(7, std::nullopt, AlertStatus::active)}};
    JsonReader reader;
    const auto body = reader.parse(webhook_body(message, kLinks));
    EXPECT_EQ(text_at(body, "/version"), "4");
    EXPECT_EQ(text_at(body, "/status"), "firing");
    EXPECT_EQ(text_at(body, "/receiver"), "webhook:ops");
    EXPECT_EQ(text_at(body, "/externalURL"), "https://monitor.example");
    EXPECT_EQ(text_at(body, "/alerts/0/status"), "firing");
    EXPECT_EQ(text_at(body, "/alerts/0/labels/alertname"), "High CPU");
    EXPECT_EQ(text_at(body, "/alerts/0/startsAt"), "2026-01-15T10:00:00.000Z");
    EXPECT_EQ(text_at(body, "/alerts/0/endsAt"), "0001-01-01T00:00:00Z");
    EXPECT_EQ(text_at(body, "/alerts/0/fingerprint"), "0123456789abcdef0123456789abcdef");
    EXPECT_EQ(text_at(body, "/commonLabels/severity"), "high");
    EXPECT_EQ(text_at(body, "/alerts/0/idempotencyKey"),
              "11111111-2222-4333-8444-555555555555/7/webhook:ops");
}

TEST(WebhookBody, OfAResolvedAlertTellsItsEnd) {
    const Message message{"webhook:ops",
                          {notification(8, AlertStatus::active, AlertStatus::resolved)}};
    JsonReader reader;
    const auto body = reader.parse(webhook_body(message, kLinks));
    EXPECT_EQ(text_at(body, "/status"), "resolved");
    EXPECT_EQ(text_at(body, "/alerts/0/endsAt"), "2026-01-15T10:05:00.000Z");
}

TEST(WebhookBody, FiresAsLongAsOneOfItsAlertsDoes) {
    const Message message{"webhook:ops",
                          {notification(8, AlertStatus::active, AlertStatus::resolved),
                           notification(9, std::nullopt, AlertStatus::active)}};
    EXPECT_EQ(status_word(message), "firing");
}

TEST(Labels, IdentifyAndHoldNoValues) {
    const auto labels = alert_labels(notification(7, std::nullopt, AlertStatus::active));
    EXPECT_THAT(labels, Contains(Pair("alertname", "High CPU")));
    EXPECT_THAT(labels, Contains(Pair("hostname", "web-01")));
    EXPECT_THAT(labels, Contains(Pair("rule_type", "system_metric")));
    for (const auto& [name, value] : labels) EXPECT_THAT(value, Not(HasSubstr("97"))) << name;
}

TEST(Annotations, TellValuesAndTheTopProcesses) {
    const auto annotations = alert_annotations(notification(7, std::nullopt, AlertStatus::active));
    EXPECT_THAT(annotations, Contains(Pair("current_value", "97.25")));
    EXPECT_THAT(annotations, Contains(Pair("top_processes", "burner (4711) 99.5% CPU; sh")));
}

TEST(Annotations, SurviveMetadataThatIsNoObject) {
    auto one = notification(7, std::nullopt, AlertStatus::active);
    one.alert.metadata_json = "[1";
    EXPECT_THAT(alert_annotations(one), Contains(Pair("summary", "High CPU on web-01")));
}

TEST(AlertText, HoldsNothingThatActsOnWhatShowsIt) {
    auto one = notification(7, std::nullopt, AlertStatus::active);
    one.alert.rule_name =
        "cpu\xE2\x80\xAE"
        "gnp.exe\xC2\x9B"
        "2J\x1B[0m";
    one.alert.description =
        "a\xE2\x81\xA6"
        "b\xC2\x85"
        "c";
    const Message message{"slack:a", {one}};
    EXPECT_THAT(subject_of(message), HasSubstr("cpugnp.exe 2J [0m on web-01"));
    EXPECT_THAT(text_of(message, kLinks), HasSubstr("\nab c\n"));
}

TEST(IdempotencyKey, IsThatOfTheTransitionAloneOrAHashOfAll) {
    const auto first = notification(7, std::nullopt, AlertStatus::active);
    const auto second = notification(8, AlertStatus::active, AlertStatus::resolved);
    EXPECT_EQ(idempotency_key({"redis", {first}}), idempotency_key(first, "redis"));
    const auto both = idempotency_key({"redis", {first, second}});
    EXPECT_EQ(both.size(), 64U);
    EXPECT_NE(both, idempotency_key({"redis", {second, first}}));
}

TEST(Signature, IsTheHmacOfRfc4231) {
    EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(SlackBody, EscapesOutsideText) {
    auto one = notification(7, std::nullopt, AlertStatus::active);
    one.alert.rule_name = "<!channel> & co";
    const auto body = slack_body({"slack:dev", {one}}, kLinks);
    EXPECT_THAT(body, HasSubstr("&lt;!channel&gt; &amp; co"));
    EXPECT_THAT(body, Not(HasSubstr("<!channel>")));
}

TEST(Subject, SaysFiringOnlyOfWhatHasBegun) {
    const auto subject = [](std::optional<AlertStatus> from, AlertStatus to) {
        const auto text = subject_of({"email:a@b.example", {notification(7, from, to)}});
        return text.substr(0, text.find(']') + 1);
    };
    EXPECT_EQ(subject({}, AlertStatus::active), "[FIRING]");
    EXPECT_EQ(subject(AlertStatus::resolved, AlertStatus::active), "[FIRING]");
    EXPECT_EQ(subject(AlertStatus::active, AlertStatus::resolved), "[RESOLVED]");
    EXPECT_EQ(subject(AlertStatus::active, AlertStatus::acknowledged), "[ACKNOWLEDGED]");
    EXPECT_EQ(subject(AlertStatus::active, AlertStatus::active), "[UPDATED]");
    const auto seen = notification(7, AlertStatus::active, AlertStatus::acknowledged);
    const auto begun = notification(8, {}, AlertStatus::active);
    EXPECT_THAT(subject_of({"slack:a", {seen, seen}}), HasSubstr("[ACKNOWLEDGED] 2 alerts"));
    EXPECT_THAT(subject_of({"slack:a", {seen, begun}}), HasSubstr("[FIRING] 2 alerts"));
}

TEST(ChannelConfig, ReadsTheThreeKinds) {
    const auto read =
        read_channel_configs(R"({"webhook:ops":{"url":"https://hook.example/x?y=1"},)"
                             R"("slack:dev":{"url":"http://user:pw@chat.example:8080"},)"
                             R"("email:ops@example.org":{"default":false}})");
    EXPECT_THAT(read.faults, testing::IsEmpty());
    ASSERT_EQ(read.channels.size(), 3U);
    EXPECT_EQ(read.channels[0].target.path, "/x?y=1");
    EXPECT_EQ(read.channels[0].target.port, 443);
    EXPECT_EQ(read.channels[1].target.authorization, "Basic dXNlcjpwdw==");
    EXPECT_FALSE(read.channels[2].is_default);
}

TEST(ChannelConfig, NamesEveryFaultAndNoSecret) {
    const auto read = read_channel_configs(
        R"({"pager:x":{},"webhook:a b":{"url":"http://x"},"webhook:c":{},)"
        R"("webhook:d":{"url":"gopher://secret"},"webhook:e":{"url":"http://x","colour":1},)"
        R"("webhook:f":{"url":"http://x","secret_file":"/nonexistent"},"email:x":{}})");
    EXPECT_EQ(read.faults.size(), 7U);
    for (const auto& fault : read.faults) EXPECT_THAT(fault, Not(HasSubstr("secret:")));
    EXPECT_EQ(read_channel_configs("[]").faults.size(), 1U);
    EXPECT_EQ(read_channel_configs("{").faults.size(), 1U);
}

TEST(SmtpUrl, HasThePortsOfItsSchemes) {
    EXPECT_EQ(parse_smtp_url("smtp://mail.example", "", "a@b.c", false).port, 587);
    const auto server = parse_smtp_url("smtps://me:pw@mail.example", "better", "a@b.c", false);
    EXPECT_EQ(server.port, 465);
    EXPECT_TRUE(server.tls_from_start);
    EXPECT_EQ(server.password, "better");
    EXPECT_THROW(parse_smtp_url("http://mail.example", "", "a@b.c", false), std::invalid_argument);
}

}  // namespace
}  // namespace chorus::notify
