// What a rule sees of services, and of hosts that send nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aggregator/alerts/evaluate.h"
#include "builders.h"

namespace chorus::alerts {
namespace {

using build::at;
using build::Fleet;
using build::kNoon;
using build::readings;
using build::service_rule;
using build::silence_rule;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using Verdict = Reading::Verdict;

std::map<std::string, Verdict> verdicts(const Rule& rule, const Fleet& fleet) {
    std::map<std::string, Verdict> all;
    for (const auto& [key, reading] : readings(rule, fleet.snapshot(), kNoon)) {
        all[key] = reading.verdict;
    }
    return all;
}

Fleet services() {
    Fleet fleet;
    fleet.service("fast", Service::Status::healthy, 12);
    fleet.service("slow", Service::Status::healthy, 5001);
    fleet.service("broken", Service::Status::unhealthy, 40);
    fleet.service("hanging", Service::Status::timeout);
    fleet.service("new", Service::Status::unknown);
    return fleet;
}

TEST(EvaluateServicesAndSilence, AServiceRuleSeesDownAndSlowServices) {
    EXPECT_EQ(verdicts(service_rule("*"), services()),
              (std::map<std::string, Verdict>{{"fast", Verdict::clear},
                                              {"slow", Verdict::breached},
                                              {"broken", Verdict::breached},
                                              {"hanging", Verdict::breached},
                                              {"new", Verdict::no_data}}));
}

TEST(EvaluateServicesAndSilence, AServiceRuleMayLookAtOneFaultOnly) {
    Rule rule = service_rule("*");
    auto& condition = std::get<ServiceHealthCondition>(rule.condition);
    condition.fault = ServiceHealthCondition::Fault::down;
    EXPECT_EQ(verdicts(rule, services()).at("slow"), Verdict::clear);
    EXPECT_EQ(verdicts(rule, services()).at("broken"), Verdict::breached);
    condition.fault = ServiceHealthCondition::Fault::slow;
    EXPECT_EQ(verdicts(rule, services()).at("slow"), Verdict::breached);
    EXPECT_EQ(verdicts(rule, services()).at("fast"), Verdict::clear);
    EXPECT_EQ(verdicts(rule, services()).at("broken"), Verdict::no_data) << "nobody can say";
    EXPECT_EQ(verdicts(rule, services()).at("hanging"), Verdict::no_data);
}

TEST(EvaluateServicesAndSilence, AServiceRuleSeesTheServicesThatItNames) {
    EXPECT_THAT(verdicts(service_rule("slow"), services()),
                ElementsAre(Pair("slow", Verdict::breached)));
    EXPECT_THAT(verdicts(service_rule("nobody"), services()), IsEmpty());
}

TEST(EvaluateServicesAndSilence, AHostIsSilentAfterThreeOfItsIntervals) {
    Fleet fleet;
    fleet.host("fresh").last_seen = kNoon - seconds{90};
    fleet.host("silent").last_seen = kNoon - seconds{91};
    fleet.host("rare").last_seen = kNoon - seconds{91};
    fleet.host("rare").interval_seconds = 60;
    const auto seen = readings(silence_rule(), fleet.snapshot(), kNoon);
    EXPECT_EQ(seen.at("fresh").verdict, Verdict::clear);
    EXPECT_EQ(seen.at("silent").verdict, Verdict::breached);
    EXPECT_EQ(seen.at("silent").value, 91);
    EXPECT_EQ(seen.at("silent").threshold, 90);
    EXPECT_EQ(seen.at("rare").verdict, Verdict::clear);
}

TEST(EvaluateServicesAndSilence, SilenceLastsAtLeastAsLongAsTheRuleSays) {
    Fleet fleet;
    fleet.host("web-01").last_seen = at(-5);
    Rule rule = silence_rule();
    std::get<HostSilentCondition>(rule.condition).least = seconds{300};
    EXPECT_EQ(verdicts(rule, fleet).at("web-01"), Verdict::clear);
    fleet.host("web-01").last_seen = at(-5.1);
    EXPECT_EQ(verdicts(rule, fleet).at("web-01"), Verdict::breached);
}

TEST(EvaluateServicesAndSilence, SilenceIsMeasuredFromWhenTheAggregatorBeganToWatch) {
    Fleet fleet;
    fleet.host("web-01").last_seen = at(-600);
    Snapshot snapshot = fleet.snapshot();
    snapshot.watching_since = at(-1);
    const auto before = readings(silence_rule(), snapshot, kNoon).at("web-01");
    EXPECT_EQ(before.value, 60);
    EXPECT_EQ(before.verdict, Verdict::no_data);  // it did not come back
    const auto after = readings(silence_rule(), snapshot, kNoon + seconds{31}).at("web-01");
    EXPECT_EQ(after.value, 91);
    EXPECT_EQ(after.verdict, Verdict::breached);
}

TEST(EvaluateServicesAndSilence, AHostThatSendsVeryOftenIsNotSilentBeforeTenSeconds) {
    Fleet fleet;
    fleet.host("web-01").interval_seconds = 1;
    fleet.host("web-01").last_seen = kNoon - seconds{10};
    EXPECT_EQ(verdicts(silence_rule(), fleet).at("web-01"), Verdict::clear);
    fleet.host("web-01").last_seen = kNoon - seconds{11};
    EXPECT_EQ(verdicts(silence_rule(), fleet).at("web-01"), Verdict::breached);
}

}  // namespace
}  // namespace chorus::alerts
