// Alerts about the monitor itself, which no rule asks for.
#include "aggregator/alerts/self_monitoring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "builders.h"

namespace chorus::alerts {
namespace {

using build::at;
using build::kNoon;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Host host_with_skew(std::chrono::microseconds skew) {
    Host host;
    host.hostname = "web-01";
    host.last_seen = kNoon;
    host.skew = skew;
    return host;
}

std::vector<store::NewAlert> skew_alerts(const Host& host) {
    std::vector<std::string> unknown;
    return clock_skew_alerts({host}, kNoon, unknown);
}

TEST(SelfMonitoring, AClockMoreThanFiveMinutesOffIsAlerted) {
    EXPECT_THAT(skew_alerts(host_with_skew(minutes{5})), IsEmpty());
    EXPECT_THAT(skew_alerts(host_with_skew(minutes{-5})), IsEmpty());
    const auto behind = skew_alerts(host_with_skew(seconds{301}));
    ASSERT_THAT(behind, SizeIs(1));
    EXPECT_EQ(behind[0].alert_type, "clock_skew");
    EXPECT_EQ(behind[0].source, "host:web-01");
    EXPECT_EQ(behind[0].hostname, "web-01");
    EXPECT_EQ(behind[0].title, "The clock of web-01 is wrong");
    EXPECT_EQ(behind[0].description,
              "It is 301 seconds behind the aggregator's; rules go by the time of receipt");
    EXPECT_EQ(behind[0].metadata_json, R"({"hostname":"web-01","skew_seconds":301})");
    const auto ahead = skew_alerts(host_with_skew(seconds{-301}));
    ASSERT_THAT(ahead, SizeIs(1));
    EXPECT_EQ(ahead[0].description,
              "It is 301 seconds ahead of the aggregator's; rules go by the time of receipt");
    EXPECT_EQ(ahead[0].fingerprint, behind[0].fingerprint);
}

TEST(SelfMonitoring, AHostWhoseBatchesAreHeldBackIsNamedForTenMinutes) {
    Host host;
    host.hostname = "ci-01";
    EXPECT_THAT(deferred_alerts({host}, kNoon), IsEmpty());
    host.deferred_at = at(-10);
    const auto alerts = deferred_alerts({host}, kNoon);
    ASSERT_THAT(alerts, SizeIs(1));
    EXPECT_EQ(alerts[0].alert_type, "cardinality_limit");
    EXPECT_EQ(alerts[0].hostname, "ci-01");
    EXPECT_EQ(alerts[0].title, "Batches of ci-01 are held back");
    EXPECT_THAT(self_monitoring_alert_types(), testing::Contains(alerts[0].alert_type));
    EXPECT_THAT(deferred_alerts({host}, at(1)), IsEmpty());
}

TEST(SelfMonitoring, OfASilentHostsClockNothingIsKnown) {
    Host host = host_with_skew(minutes{10});
    const auto fingerprint = skew_alerts(host).at(0).fingerprint;
    host.last_seen = at(-2);
    std::vector<std::string> unknown;
    EXPECT_THAT(clock_skew_alerts({host}, kNoon, unknown), IsEmpty());
    EXPECT_THAT(unknown, ElementsAre(fingerprint));
}

TEST(SelfMonitoring, AClockTooFarOffToStoreByIsWrong) {
    Host host = host_with_skew({});
    host.clock_skew = std::chrono::hours{24 * 400};
    const auto alert = skew_alerts(host).at(0);
    EXPECT_EQ(alert.title, "The clock of web-01 is wrong");
    EXPECT_THAT(alert.description.value_or(""), testing::StartsWith("It is 400 days behind"));
    EXPECT_EQ(alert.metadata_json, R"({"hostname":"web-01","skew_seconds":34560000})");
}

TEST(SelfMonitoring, ASecondMachineWithTheSameIdentityIsAlertedWhileItTries) {
    Host host = host_with_skew({});
    EXPECT_THAT(clone_alerts({host}, kNoon), IsEmpty());
    host.clone_hostname = "web-02";
    host.clone_refused_at = kNoon - minutes{9};
    const auto alerts = clone_alerts({host}, kNoon);
    ASSERT_EQ(alerts.size(), 1U);
    EXPECT_EQ(alerts[0].title, "Two machines report as web-01");
    EXPECT_EQ(alerts[0].hostname, "web-01");
    EXPECT_THAT(alerts[0].description.value_or(""), testing::HasSubstr("web-02"));
    EXPECT_THAT(self_monitoring_alert_types(), testing::Contains(alerts[0].alert_type));
    EXPECT_THAT(clone_alerts({host}, kNoon + minutes{2}), IsEmpty());
}

TEST(SelfMonitoring, ALongHostNameFitsIntoTitleAndSource) {
    Host host = host_with_skew(minutes{10});
    host.hostname = std::string(254, 'h') + "1";
    const auto alert = skew_alerts(host).at(0);
    EXPECT_EQ(alert.source.size(), 255U);
    EXPECT_EQ(alert.title.size(), 255U);
    host.hostname.back() = '2';
    EXPECT_NE(skew_alerts(host).at(0).fingerprint, alert.fingerprint);
}

TEST(SelfMonitoring, ARuleThatCannotBeEvaluatedIsAlerted) {
    store::RuleRow rule;
    rule.id = *Uuid::parse("0f0e0d0c-0b0a-4908-8706-050403020100");
    rule.name = "Old \"rule\"";
    const auto alert = rule_error_alert(rule, "threshold: Field required");
    EXPECT_EQ(alert.alert_type, "rule_error");
    EXPECT_EQ(alert.source, "rule:0f0e0d0c-0b0a-4908-8706-050403020100");
    EXPECT_EQ(alert.description,
              "Rule \"Old \"rule\"\" never fires until it is put right: "
              "threshold: Field required");
    EXPECT_EQ(alert.metadata_json,
              R"({"rule_id":"0f0e0d0c-0b0a-4908-8706-050403020100",)"
              R"("rule_name":"Old \"rule\"","error":"threshold: Field required"})");
    EXPECT_FALSE(alert.rule_id) << "it ends when the evaluator says so, not with the rule's alerts";
}

TEST(SelfMonitoring, ALateEvaluatorIsAlerted) {
    const auto alert = evaluator_late_alert(seconds{250}, seconds{60});
    EXPECT_EQ(alert.alert_type, "evaluator_late");
    EXPECT_EQ(alert.metadata_json, R"({"pause_seconds":250,"period_seconds":60})");
}

TEST(SelfMonitoring, EveryKindIsOneOfTheTypesThatTheEvaluatorEnds) {
    for (const auto& alert :
         {rule_error_alert({}, ""), evaluator_late_alert({}, {}), too_many_alerts_alert(1),
          skew_alerts(host_with_skew(minutes{9}))[0]}) {
        EXPECT_THAT(self_monitoring_alert_types(), testing::Contains(alert.alert_type));
    }
}

}  // namespace
}  // namespace chorus::alerts
