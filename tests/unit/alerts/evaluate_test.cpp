// Which subjects a rule over series has in a fleet, and what it sees of each.
#include "aggregator/alerts/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "builders.h"

namespace chorus::alerts {
namespace {

using build::at;
using build::Fleet;
using build::kCpu;
using build::kDisk;
using build::kNoon;
using build::readings;
using build::system_of;
using build::system_rule;
using build::Value;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::IsEmpty;
using Verdict = Reading::Verdict;

void steady(Fleet& fleet, const std::string& host, double cpu) {
    fleet.steady(host, {kCpu, cpu}, at(-4.5), kNoon);
}

std::vector<std::string> keys(const Rule& rule, const Fleet& fleet) {
    std::vector<std::string> all;
    for (const auto& [key, reading] : readings(rule, fleet.snapshot(), kNoon)) all.push_back(key);
    return all;
}

std::vector<bool> reporting(const Rule& rule, const Fleet& fleet) {
    return evaluate(rule, fleet.snapshot(), kNoon, [](const Subject&, const Reading&) {});
}

TEST(Evaluate, TwoHostsOverTheThresholdAreTwoSubjects) {
    Fleet fleet;
    steady(fleet, "web-01", 90);
    steady(fleet, "web-02", 95);
    const auto seen = readings(system_rule(), fleet.snapshot(), kNoon);
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_EQ(seen.at("web-01").verdict, Verdict::breached);
    EXPECT_EQ(seen.at("web-01").value, 90);
    EXPECT_EQ(seen.at("web-02").verdict, Verdict::breached);
    EXPECT_EQ(seen.at("web-02").value, 95);
}

const std::string kErrors = "network_receive_errors_per_sec";
const std::string kPackets = "network_receive_packets_per_sec";

Rule share_of_errors() {
    Rule rule = system_rule(kErrors, 1);
    SystemMetricCondition& condition = system_of(rule);
    condition.label = "*";
    condition.divisor = {kPackets, 10};
    condition.factor = 100;
    return rule;
}

TEST(Evaluate, AQuotientIsThatOfTheSeriesWithTheSameLabelOverTheWindow) {
    Fleet fleet;
    for (int half = -9; half <= 0; ++half) {
        // Two of ten are lost in a quiet moment; of all of the window it is little.
        const bool quiet = half == -4;
        fleet.batch("web-01", at(half / 2.0),
                    {{kErrors, 5, ""},
                     {kErrors, quiet ? 2.0 : 0.0, "eth0"},
                     {kErrors, 20, "eth1"},
                     {kPackets, quiet ? 10.0 : 1'110.0, "eth0"},
                     {kPackets, 1'000, "eth1"}});
    }
    const auto seen = readings(share_of_errors(), fleet.snapshot(), kNoon);
    ASSERT_EQ(seen.size(), 2U) << "of the whole host there are no packets";
    EXPECT_EQ(seen.at("web-01|eth0").verdict, Verdict::clear);
    EXPECT_DOUBLE_EQ(seen.at("web-01|eth0").value, 0.02);
    EXPECT_EQ(seen.at("web-01|eth1").verdict, Verdict::breached);
    EXPECT_DOUBLE_EQ(seen.at("web-01|eth1").value, 2);
}

TEST(Evaluate, WhereThereIsTooLittleToDivideByAllIsWell) {
    Fleet fleet;
    for (int half = -9; half <= 0; ++half) {
        fleet.batch("quiet", at(half / 2.0), {{kErrors, 5, "eth0"}, {kPackets, 9, "eth0"}});
        fleet.batch("still", at(half / 2.0), {{kErrors, 0, "eth0"}, {kPackets, 0, "eth0"}});
        fleet.batch("blind", at(half / 2.0),
                    {{kErrors, 5, "eth0"}, {kPackets, std::nan(""), "eth0"}});
    }
    const auto seen = readings(share_of_errors(), fleet.snapshot(), kNoon);
    EXPECT_EQ(seen.at("quiet|eth0").verdict, Verdict::clear);
    EXPECT_EQ(seen.at("still|eth0").verdict, Verdict::clear);
    EXPECT_EQ(seen.at("blind|eth0").verdict, Verdict::no_data);
}

TEST(Evaluate, OneSampleOfTooLittleIsNoAllClear) {
    Fleet fleet;
    fleet.batch("web-01", at(-1), {{kErrors, 5, "eth0"}, {kPackets, 9, "eth0"}});
    Rule rule = share_of_errors();
    system_of(rule).limit.min_coverage = 0.5;
    EXPECT_EQ(readings(rule, fleet.snapshot(), kNoon).at("web-01|eth0").verdict, Verdict::no_data);
}

TEST(Evaluate, WhatHasLabelsIsDividedByWhatTheWholeHostHas) {
    Fleet fleet;
    for (int half = -8; half <= 0; ++half) {
        fleet.batch("web-01", at(half / 2.0), {{kErrors, 20, "eth0"}, {kPackets, 1'000}});
    }
    EXPECT_EQ(readings(share_of_errors(), fleet.snapshot(), kNoon).at("web-01|eth0").value, 2);
}

// It is a threshold of the errors themselves.
TEST(Evaluate, AQuotientIsNotMeasuredByAHostsOwnThresholdOfTheMetric) {
    Fleet fleet;
    fleet.host("web-01").thresholds[kErrors] = 1'000;
    fleet.batch("web-01", at(-1), {{kErrors, 20, "eth0"}, {kPackets, 1'000, "eth0"}});
    EXPECT_EQ(readings(share_of_errors(), fleet.snapshot(), kNoon).at("web-01|eth0").threshold, 1);
}

TEST(Evaluate, ASumOverHalfAnHourCountsEveryEvent) {
    const std::string kills = "memory_oom_kills_count";
    Fleet fleet;
    for (int half = -59; half <= 0; ++half) {
        fleet.batch("db-01", at(half / 2.0), {{kills, half == -21 ? 3.0 : 0.0}});
    }
    Rule rule = system_rule(kills, 0);
    system_of(rule).limit.aggregation = Aggregation::sum;
    system_of(rule).limit.window = minutes{30};
    const auto seen = readings(rule, fleet.snapshot(minutes{30}), kNoon);
    EXPECT_EQ(seen.at("db-01").verdict, Verdict::breached);
    EXPECT_EQ(seen.at("db-01").value, 3);
}

TEST(Evaluate, AHealthyHostThatWasSeenLaterMasksNothing) {
    Fleet fleet;
    fleet.steady("bad", {kCpu, 90}, at(-4.5), at(-1));
    fleet.steady("good", {kCpu, 5}, at(-4.5), kNoon);
    const auto seen = readings(system_rule(), fleet.snapshot(), kNoon);
    EXPECT_EQ(seen.at("bad").verdict, Verdict::breached);
    EXPECT_EQ(seen.at("good").verdict, Verdict::clear);
}

TEST(Evaluate, OnlyTheWindowCounts) {
    Fleet fleet;
    fleet.steady("web-01", {kCpu, 100}, at(-30), at(-5));
    fleet.steady("web-01", {kCpu, 10}, at(-4.5), kNoon);
    fleet.steady("web-01", {kCpu, 100}, at(0.5), at(5));
    const auto seen = readings(system_rule(), fleet.snapshot(), kNoon);
    EXPECT_EQ(seen.at("web-01").value, 10);
}

TEST(Evaluate, ALongWindowTakesTheBeginningOfItsSlots) {
    Fleet fleet;
    for (int i = 120; i > 0; --i) {
        fleet.batch("web-01", at(-0.5 * i), {{kCpu, i % 4 == 0 ? 99.0 : 1.0}});
    }
    Rule rule = system_rule();
    system_of(rule).limit.window = minutes{60};
    EXPECT_EQ(readings(rule, fleet.snapshot(), kNoon).at("web-01").value, 99);
    EXPECT_EQ(readings(rule, fleet.snapshot(), at(1.9)).at("web-01").value, 99);
}

TEST(Evaluate, AHostWithoutDataIsNoSubjectAndDoesNotReport) {
    Fleet fleet;
    steady(fleet, "here", 1);
    fleet.steady("gone", {kCpu, 99}, at(-20), at(-6));
    fleet.host("never");
    EXPECT_THAT(keys(system_rule(), fleet), ElementsAre("here"));
    EXPECT_THAT(reporting(system_rule(), fleet), ElementsAre(true, false, false));
}

TEST(Evaluate, AHostThatSendsOtherMetricsReportsWithoutBeingASubject) {
    Fleet fleet;
    fleet.steady("web-01", {"load_avg_1min", 1}, at(-4.5), kNoon);
    EXPECT_THAT(keys(system_rule(), fleet), IsEmpty());
    EXPECT_THAT(reporting(system_rule(), fleet), ElementsAre(true));
}

TEST(Evaluate, WithALongWindowAHostReportsByWhatTheWindowTakes) {
    Fleet fleet;
    fleet.batch("web-01", at(-1), {{kCpu, 99}});  // amidst a slot
    Rule rule = system_rule();
    system_of(rule).limit.window = minutes{60};
    EXPECT_THAT(reporting(rule, fleet), ElementsAre(false));
    EXPECT_THAT(keys(rule, fleet), IsEmpty());
}

TEST(Evaluate, UnreadableSamplesAreLeftOut) {
    Fleet fleet;
    for (const double value : {90.0, std::nan(""), 92.0, std::nan("")}) {
        fleet.batch("web-01", at(-0.5), {{kCpu, value}});
    }
    fleet.batch("web-02", kNoon, {{kCpu, std::nan("")}});
    const auto seen = readings(system_rule(), fleet.snapshot(), kNoon);
    EXPECT_EQ(seen.at("web-01").value, 91);
    EXPECT_EQ(seen.at("web-02").verdict, Verdict::no_data);
}

TEST(Evaluate, CoverageIsMeasuredByTheHostsOwnInterval) {
    Fleet fleet;
    for (const char* const host : {"fast", "slow"}) {
        for (int i = 4; i >= 0; --i) fleet.batch(host, at(-i), {{kCpu, 90}});
    }
    fleet.host("slow").interval_seconds = 60;
    Rule rule = system_rule();
    system_of(rule).limit.min_coverage = 0.8;
    const auto seen = readings(rule, fleet.snapshot(), kNoon);
    EXPECT_EQ(seen.at("fast").verdict, Verdict::no_data) << "holes between the samples";
    EXPECT_EQ(seen.at("slow").verdict, Verdict::breached) << "none between these";
}

TEST(Evaluate, HostnamesAreMatchedByGlob) {
    Fleet fleet;
    for (const char* const host : {"web-01", "web-02", "db-01"}) steady(fleet, host, 90);
    Rule rule = system_rule();
    system_of(rule).limit.hosts.hostname = "web-*";
    EXPECT_THAT(keys(rule, fleet), ElementsAre("web-01", "web-02"));
    EXPECT_THAT(reporting(rule, fleet), ElementsAre(true, true, false));
    system_of(rule).limit.hosts.hostname = "web-01";
    EXPECT_THAT(keys(rule, fleet), ElementsAre("web-01"));
    system_of(rule).limit.hosts.hostname = "?b-01";
    EXPECT_THAT(keys(rule, fleet), ElementsAre("db-01"));
}

TEST(Evaluate, EveryHostLabelOfTheRuleMustMatch) {
    Fleet fleet;
    for (const char* const host : {"a", "b", "c"}) steady(fleet, host, 90);
    fleet.host("a").labels = {{"role", "db"}, {"site", "vienna"}};
    fleet.host("b").labels = {{"role", "db"}};
    Rule rule = system_rule();
    system_of(rule).limit.hosts.labels = {{"role", "d*"}};
    EXPECT_THAT(keys(rule, fleet), ElementsAre("a", "b"));
    system_of(rule).limit.hosts.labels = {{"role", "db"}, {"site", "v*"}};
    EXPECT_THAT(keys(rule, fleet), ElementsAre("a"));
    system_of(rule).limit.hosts.labels = {{"role", "web"}};
    EXPECT_THAT(keys(rule, fleet), IsEmpty());
}

TEST(Evaluate, AHostsOwnThresholdGoesByRuleNameOrElseByMetric) {
    Fleet fleet;
    for (const char* const host : {"by-metric", "by-rule", "other"}) steady(fleet, host, 90);
    fleet.host("by-metric").thresholds = {{kCpu, 95}};
    fleet.host("by-rule").thresholds = {{kCpu, 50}, {"High CPU Usage", 99}};
    fleet.host("other").thresholds = {{kDisk, 99}};
    const auto seen = readings(system_rule(), fleet.snapshot(), kNoon);
    EXPECT_EQ(seen.at("by-metric").threshold, 95);
    EXPECT_EQ(seen.at("by-metric").verdict, Verdict::clear);
    EXPECT_EQ(seen.at("by-rule").threshold, 99);
    EXPECT_EQ(seen.at("other").threshold, 85);
    EXPECT_EQ(seen.at("other").verdict, Verdict::breached);
}

// A host with the figure of "/" and those of two mounts.
Fleet mounts() {
    Fleet fleet;
    fleet.batch("web-01", kNoon, {{kDisk, 10}, {kDisk, 90, "/var"}, {kDisk, 95, "/srv/data"}});
    fleet.tags(kDisk, "/var", {{"fstype", "ext4"}, {"mountpoint", "/var"}});
    fleet.tags(kDisk, "/srv/data", {{"fstype", "xfs"}, {"mountpoint", "/srv/data"}});
    return fleet;
}

TEST(Evaluate, WithoutALabelTheFigureOfTheWholeHostIsMeant) {
    EXPECT_THAT(keys(system_rule(kDisk), mounts()), ElementsAre("web-01"));
}

TEST(Evaluate, WithoutALabelAndWithoutSuchAFigureEveryLabelIsMeant) {
    Fleet fleet;
    fleet.batch("web-01", kNoon, {{kDisk, 90, "/var"}, {kDisk, 95, "/srv/data"}, {kCpu, 1}});
    EXPECT_THAT(keys(system_rule(kDisk), fleet), ElementsAre("web-01|/srv/data", "web-01|/var"));
}

TEST(Evaluate, LabelsAreMatchedByGlob) {
    Rule rule = system_rule(kDisk);
    system_of(rule).label = "/srv/*";
    EXPECT_THAT(keys(rule, mounts()), ElementsAre("web-01|/srv/data"));
    system_of(rule).label = "/var";
    EXPECT_THAT(keys(rule, mounts()), ElementsAre("web-01|/var"));
    system_of(rule).label = "*";
    EXPECT_THAT(keys(rule, mounts()), ElementsAre("web-01|/srv/data", "web-01|/var"));
    system_of(rule).label = "";
    EXPECT_THAT(keys(rule, mounts()), ElementsAre("web-01"));
}

TEST(Evaluate, EveryTagOfTheRuleMustMatch) {
    Rule rule = system_rule(kDisk);
    system_of(rule).tags = {{"fstype", "x*"}};
    EXPECT_THAT(keys(rule, mounts()), ElementsAre("web-01|/srv/data"));
    system_of(rule).tags = {{"mountpoint", "/*"}};
    EXPECT_THAT(keys(rule, mounts()), ElementsAre("web-01|/srv/data", "web-01|/var"));
    system_of(rule).tags = {{"mountpoint", "/*"}, {"fstype", "ext4"}};
    EXPECT_THAT(keys(rule, mounts()), ElementsAre("web-01|/var"));
    system_of(rule).tags = {{"raid", "*"}};
    EXPECT_THAT(keys(rule, mounts()), IsEmpty());
}

TEST(Evaluate, ASeriesIsFollowedThroughChangesOfTheLayout) {
    Fleet fleet;
    fleet.batch("web-01", at(-1), {{kCpu, 5}, {kDisk, 90, "/var"}});
    fleet.batch("web-01", kNoon, {{kDisk, 50, "/new"}, {kDisk, 94, "/var"}, {kCpu, 5}});
    const auto seen = readings(system_rule(kDisk), fleet.snapshot(), kNoon);
    EXPECT_EQ(seen.at("web-01|/var").value, 92);
    EXPECT_EQ(seen.at("web-01|/new").value, 50);
}

TEST(Evaluate, TheNewestBatchSaysWhichSeriesAHostHas) {
    Fleet fleet;
    fleet.batch("web-01", at(-1), {{kDisk, 90, "/gone"}, {kDisk, 90, "/var"}});
    fleet.batch("web-01", kNoon, {{kDisk, 90, "/var"}});
    EXPECT_THAT(keys(system_rule(kDisk), fleet), ElementsAre("web-01|/var"));
}

}  // namespace
}  // namespace chorus::alerts
