// The alert of a rule, in the words that clients of the original service read.
#include "aggregator/alerts/alert_text.h"

#include <gtest/gtest.h>

#include "builders.h"
#include "common/text.h"

namespace chorus::alerts {
namespace {

using build::kNoon;
using build::process_rule;
using build::system_of;
using build::system_rule;

const std::string kRuleId = "0f0e0d0c-0b0a-4908-8706-050403020100";

Host host_of(const std::string& name) {
    Host host;
    host.hostname = name;
    return host;
}

Reading breach_of(double value, double threshold) {
    return {Reading::Verdict::breached, value, threshold, Severity::high};
}

// What clients of the original service read of the description; what follows is the same in all.
std::string fired(const std::optional<std::string>& description) {
    const auto at = description->find(" at 2026-01-05 12:00:00 UTC");
    return at == std::string::npos ? "no time: " + *description : description->substr(0, at);
}

store::NewAlert system_alert(const Rule& rule, const Reading& reading,
                             const std::string& label = "") {
    const Host host = host_of("web-01");
    const Series series{system_of(const_cast<Rule&>(rule)).metric_type, label, {}, "percent"};
    return make_alert(rule, {.host = &host, .series = &series}, reading, Severity::critical, kNoon);
}

TEST(AlertText, OfASystemRule) {
    const auto alert = system_alert(system_rule(), breach_of(91.237, 85));
    EXPECT_EQ(alert.alert_type, "system_metric");
    EXPECT_EQ(alert.source, "system:web-01");
    EXPECT_EQ(alert.title, "High CPU Usage - cpu_usage_percent Alert");
    EXPECT_EQ(fired(alert.description), "cpu_usage_percent value 91.24 > 85 on web-01");
    EXPECT_EQ(alert.severity, Severity::critical);
    EXPECT_EQ(alert.hostname, "web-01");
    EXPECT_EQ(alert.rule_id->to_string(), kRuleId);
    EXPECT_EQ(alert.actor, "rule:High CPU Usage");
}

TEST(AlertText, OfALabelledSeries) {
    const auto alert = system_alert(system_rule("disk_usage_percent"), breach_of(91, 85), "/var");
    EXPECT_EQ(alert.source, "system:web-01");
    EXPECT_EQ(fired(alert.description), "disk_usage_percent value 91 > 85 on web-01 (/var)");
}

TEST(AlertText, OfAQuotient) {
    Rule rule = system_rule("network_receive_errors_per_sec");
    system_of(rule).divisor = {"network_receive_packets_per_sec"};
    EXPECT_EQ(fired(system_alert(rule, breach_of(0.025, 0.01)).description),
              "network_receive_errors_per_sec / network_receive_packets_per_sec value 0.025 > 0.01"
              " on web-01");
    system_of(rule).factor = 100;
    const auto alert = system_alert(rule, breach_of(2.5, 1), "eth0");
    EXPECT_EQ(fired(alert.description),
              "100 * network_receive_errors_per_sec / network_receive_packets_per_sec value 2.5 > 1"
              " on web-01 (eth0)");
}

TEST(AlertText, OfAProcessRule) {
    const Rule rule = process_rule("python", ProcessField::memory_percent, Operator::greater, 80);
    const Host host = host_of("web-01");
    Process process;
    process.pid = 4242;
    const Subject subject{.host = &host, .process_name = "python", .process = &process};
    const auto alert = make_alert(rule, subject, breach_of(81.5, 80), Severity::medium, kNoon);
    EXPECT_EQ(alert.alert_type, "process_metric");
    EXPECT_EQ(alert.source, "process:web-01:python");
    EXPECT_EQ(alert.title, "High Python Memory Usage - Process Alert");
    EXPECT_EQ(fired(alert.description), "python memory_percent value 81.5 > 80 on web-01");
}

TEST(AlertText, OfAGroupOfProcessesNoneIsNamed) {
    const Rule rule = process_rule("nginx", ProcessField::process_count, Operator::less, 1);
    const Host host = host_of("web-01");
    const Subject subject{.host = &host, .process_name = "nginx"};
    const auto alert = make_alert(rule, subject, breach_of(0, 1), Severity::medium, kNoon);
    EXPECT_EQ(fired(alert.description), "nginx process_count value 0 < 1 on web-01");
}

Service service_of(Service::Status status, std::optional<double> milliseconds) {
    return {"chat-service", status, milliseconds, std::nullopt};
}

TEST(AlertText, OfAServiceRule) {
    Service service = service_of(Service::Status::unhealthy, 5230);
    service.error_message = "HTTP 500";
    const auto alert = make_alert(build::service_rule("chat-service"), {.service = &service},
                                  breach_of(5230, 5000), Severity::critical, kNoon);
    EXPECT_EQ(alert.alert_type, "service_health");
    EXPECT_EQ(alert.source, "service:chat-service");
    EXPECT_EQ(alert.title, "Chat Service Down - Service Health Alert");
    EXPECT_EQ(alert.hostname, std::nullopt);
    EXPECT_EQ(fired(alert.description),
              "Service chat-service is unhealthy, response time 5230 ms (limit 5000 ms)");
}

TEST(AlertText, OfAServiceThatDoesNotAnswer) {
    const Service service = service_of(Service::Status::timeout, std::nullopt);
    const auto alert = make_alert(build::service_rule("*"), {.service = &service},
                                  breach_of(0, 5000), Severity::critical, kNoon);
    EXPECT_EQ(fired(alert.description), "Service chat-service is timeout");
}

TEST(AlertText, OfASilentHost) {
    Host host = host_of("web-01");
    host.last_seen = kNoon;
    const auto alert = make_alert(build::silence_rule(), {.host = &host, .silent_seconds = 95.4},
                                  breach_of(95.4, 90), Severity::high, kNoon);
    EXPECT_EQ(alert.alert_type, "host_silent");
    EXPECT_EQ(alert.source, "host:web-01");
    EXPECT_EQ(alert.title, "Host silent on web-01");
    EXPECT_EQ(fired(alert.description), "web-01 has sent nothing for 95 seconds");
}

TEST(AlertText, TellsWhatTheFigureMeans) {
    Rule rule = system_rule();
    system_of(rule).limit.aggregation = Aggregation::fraction;
    EXPECT_EQ(fired(system_alert(rule, breach_of(0.75, 85)).description),
              "cpu_usage_percent value 0.75 of samples > 85 on web-01");
    system_of(rule).limit.aggregation = Aggregation::predict;
    EXPECT_EQ(fired(system_alert(rule, breach_of(120, 100)).description),
              "cpu_usage_percent value 120 in 24 h > 100 on web-01");
}

TEST(AlertText, SmallFiguresKeepTheirDigits) {
    EXPECT_EQ(fired(system_alert(system_rule(), breach_of(0.0041666, 0.003)).description),
              "cpu_usage_percent value 0.00417 > 0.003 on web-01");
    EXPECT_EQ(fired(system_alert(system_rule(), breach_of(-0.25, -0.5)).description),
              "cpu_usage_percent value -0.25 > -0.5 on web-01");
}

TEST(AlertText, HugeFiguresAreTold) {
    EXPECT_EQ(fired(system_alert(system_rule(), breach_of(1e308, 1e300)).description),
              "cpu_usage_percent value 1e+308 > 1e+300 on web-01");
}

TEST(AlertText, TellsTheWindowAndNeverSaysOfTwoEqualFiguresThatOneIsGreater) {
    Rule rule = system_rule();
    EXPECT_EQ(
        system_alert(rule, breach_of(91, 85)).description,
        "cpu_usage_percent value 91 > 85 on web-01 at 2026-01-05 12:00:00 UTC, average over 5 "
        "minutes.");
    EXPECT_EQ(fired(system_alert(rule, breach_of(85.001, 85)).description),
              "cpu_usage_percent value 85.001 > 85 on web-01");
    system_of(rule).limit.aggregation = Aggregation::maximum;
    system_of(rule).limit.window = std::chrono::minutes{1};
    EXPECT_TRUE(system_alert(rule, breach_of(91, 85))
                    .description->ends_with(" UTC, maximum over 1 minute."));
}

TEST(AlertText, NamesTheSecondLevelOfTheHost) {
    Rule rule = system_rule();
    system_of(rule).limit.escalation = Escalation{95, Severity::critical};
    EXPECT_TRUE(system_alert(rule, breach_of(97, 85))
                    .description->ends_with(", average over 5 minutes; critical if > 95."));
    const Host host = host_of("web-01");
    const Series series{"cpu_usage_percent", "", {}, "percent"};
    const Decision bump{.action = Action::bump,
                        .key = "web-01",
                        .subject = {&host, &series},
                        .reading = breach_of(88, 80)};
    EXPECT_EQ(now_text(rule, bump, kNoon),
              " At 2026-01-05 12:00:00 UTC it was 88 (> 80; critical if > 90).");
}

TEST(AlertText, TitleAndSourceAreCutAt255CharactersNeverAmidstOne) {
    std::string name;
    for (int i = 0; i < 255; ++i) name += "ü";
    Rule rule = system_rule();
    rule.name = name;
    EXPECT_EQ(system_alert(rule, breach_of(91, 85)).title, name);
    rule.name = "x" + name;
    const auto cut = system_alert(rule, breach_of(91, 85)).title;
    EXPECT_EQ(cut, "x" + name.substr(0, 2 * 254));
    EXPECT_FALSE(find_invalid_utf8(cut));
    const std::string host(255, 'h');
    EXPECT_EQ(source_of(rule.condition, host).size(), 255U);
    const auto service = source_of(build::service_rule("*").condition, name);
    EXPECT_EQ(service, "service:" + name.substr(0, 2 * 247));
}

std::string now_text_of(Action action, Reading reading, std::optional<Timestamp> clear_since = {}) {
    Rule rule = system_rule();
    system_of(rule).limit.clear_threshold = 75;
    const Host host = host_of("web-01");
    const Series series{"cpu_usage_percent", "", {}, "percent"};
    Decision decision{.action = action, .key = "web-01", .subject = {}, .reading = reading};
    if (reading.verdict != Reading::Verdict::no_data) decision.subject = {&host, &series};
    decision.clear_since = clear_since;
    return now_text(rule, decision, kNoon);
}

TEST(AlertText, OfWhatIsNowNamesTheMomentAndHowTheValueStands) {
    using Verdict = Reading::Verdict;
    const std::string at = " At 2026-01-05 12:00:00 UTC ";
    EXPECT_EQ(now_text_of(Action::bump, breach_of(91, 85)), at + "it was 91 (> 85).");
    EXPECT_EQ(now_text_of(Action::bump, {Verdict::hysteresis, 79.8, 85}),
              at + "it was 79.8, not > 85 any more; it ends below 75.");
    EXPECT_EQ(now_text_of(Action::bump, {Verdict::hysteresis, 65.5, 70}),
              at + "it was 65.5, not > 70 any more; it ends below 60.")
        << "with the host's own threshold";
    EXPECT_EQ(now_text_of(Action::refresh, {Verdict::clear, 61, 85}, build::at(-2)),
              at + "it was 61, clear since 2026-01-05 11:58:00 UTC.");
    EXPECT_EQ(now_text_of(Action::resolve, {Verdict::clear, 61, 85}),
              at + "it was 61: the alert ended.");
    EXPECT_EQ(now_text_of(Action::refresh, {}), at + "there was too little data to judge it.");
}

TEST(AlertText, SourcesAreMadeOfTheKey) {
    EXPECT_EQ(source_of(system_rule().condition, "web-01|/var"), "system:web-01");
    const Rule process = process_rule("*", ProcessField::cpu_percent, Operator::greater, 1);
    EXPECT_EQ(source_of(process.condition, "web-01|a|b"), "process:web-01:a|b");
    EXPECT_EQ(source_of(build::silence_rule().condition, "web-01"), "host:web-01");
    EXPECT_EQ(source_of(build::service_rule("*").condition, "a|b"), "service:a|b");
}

TEST(AlertText, AFingerprintNamesRuleAndSubject) {
    const Rule rule = system_rule();
    Rule other = rule;
    other.id.bytes[0] ^= 1;
    const auto fingerprint = fingerprint_of(rule, "web-01|/var");
    EXPECT_EQ(fingerprint.size(), 32U);
    EXPECT_EQ(fingerprint, fingerprint_of(rule, "web-01|/var"));
    EXPECT_NE(fingerprint, fingerprint_of(rule, "web-01|/srv"));
    EXPECT_NE(fingerprint, fingerprint_of(other, "web-01|/var"));
    const std::string host(255, 'h');
    EXPECT_NE(fingerprint_of(rule, host + "|/var"), fingerprint_of(rule, host + "|/srv"));
    EXPECT_EQ(system_alert(rule, breach_of(91, 85), "/var").fingerprint, fingerprint)
        << "as the evaluator looks for it";
}

}  // namespace
}  // namespace chorus::alerts
