// Which subjects a rule over processes has, and what it sees of each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "aggregator/alerts/evaluate.h"
#include "builders.h"

namespace chorus::alerts {
namespace {

using build::at;
using build::Figures;
using build::Fleet;
using build::kNoon;
using build::process_of;
using build::process_rule;
using build::readings;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using Verdict = Reading::Verdict;

// The same table every half minute of the last five.
Fleet steady(const std::vector<Figures>& table) {
    Fleet fleet;
    for (int i = 9; i >= 0; --i) fleet.processes("web-01", at(-0.5 * i), table);
    return fleet;
}

Rule cpu_over(double threshold, const std::string& name = "*") {
    return process_rule(name, ProcessField::cpu_percent, Operator::greater, threshold);
}

Rule grouped(Grouping grouping, Operator op, double threshold) {
    Rule rule = process_rule("*", ProcessField::memory_mb, op, threshold);
    process_of(rule).grouping = grouping;
    return rule;
}

std::map<std::string, Reading> at_noon(const Rule& rule, const Fleet& fleet) {
    return readings(rule, fleet.snapshot(), kNoon);
}

std::vector<std::string> names_at_noon(const Rule& rule, const Fleet& fleet) {
    std::vector<std::string> all;
    for (const auto& [key, reading] : at_noon(rule, fleet)) all.push_back(key);
    return all;
}

TEST(EvaluateProcesses, EachNameIsASubject) {
    const Fleet fleet = steady({{.pid = 1, .name = "nginx", .cpu = 90},
                                {.pid = 2, .name = "python", .cpu = 10},
                                {.pid = 3, .name = "python3", .cpu = 95}});
    EXPECT_EQ(at_noon(cpu_over(80), fleet).at("web-01|nginx").verdict, Verdict::breached);
    EXPECT_EQ(at_noon(cpu_over(80), fleet).at("web-01|python").verdict, Verdict::clear);
    EXPECT_THAT(names_at_noon(cpu_over(80, "python"), fleet), ElementsAre("web-01|python"));
    EXPECT_THAT(names_at_noon(cpu_over(80, "py*"), fleet),
                ElementsAre("web-01|python", "web-01|python3"));
}

TEST(EvaluateProcesses, OfOneNameTheWorstProcessSpeaks) {
    const Fleet fleet = steady({{.pid = 1, .name = "python", .cpu = 10},
                                {.pid = 2, .name = "python", .cpu = 90},
                                {.pid = 3, .name = "python", .cpu = 85}});
    std::int32_t pid = 0;
    evaluate(cpu_over(80), fleet.snapshot(), kNoon,
             [&](const Subject& subject, const Reading& reading) {
                 pid = subject.process->pid;
                 EXPECT_EQ(reading.value, 90);
             });
    EXPECT_EQ(pid, 2);
    Rule idle = process_rule("*", ProcessField::cpu_percent, Operator::less, 20);
    EXPECT_EQ(at_noon(idle, fleet).at("web-01|python").value, 10);
}

TEST(EvaluateProcesses, AProcessThatHasEndedIsNoSubject) {
    Fleet fleet = steady({{.pid = 1, .name = "python", .cpu = 90}});
    fleet.processes("web-01", at(0.5), {{.pid = 2, .name = "nginx", .cpu = 1}});
    std::vector<std::string> names_at_noon;
    const auto reporting = evaluate(
        cpu_over(80), fleet.snapshot(), at(0.5),
        [&](const Subject& subject, const Reading&) { names_at_noon.push_back(subject.key()); });
    EXPECT_THAT(names_at_noon, ElementsAre("web-01|nginx"));
    EXPECT_THAT(reporting, ElementsAre(true));
}

TEST(EvaluateProcesses, AHostWithoutAProcessTableDoesNotReport) {
    Fleet fleet;
    fleet.host("never");
    fleet.processes("silent", at(-6), {{.name = "python", .cpu = 90}});
    const auto reporting = evaluate(cpu_over(80), fleet.snapshot(), kNoon,
                                    [](const Subject&, const Reading&) { ADD_FAILURE(); });
    EXPECT_THAT(reporting, ElementsAre(false, false));
}

TEST(EvaluateProcesses, AYoungProcessIsJudgedByWhatItHas) {
    Fleet fleet = steady({});
    fleet.processes("web-01", at(0.5), {{.name = "python", .cpu = 90}});
    Rule rule = cpu_over(80);
    EXPECT_EQ(readings(rule, fleet.snapshot(), at(0.5)).at("web-01|python").value, 90);
    process_of(rule).limit.min_coverage = 0.5;
    EXPECT_EQ(readings(rule, fleet.snapshot(), at(0.5)).at("web-01|python").verdict,
              Verdict::no_data);
}

TEST(EvaluateProcesses, AnUnreadableFigureIsNoData) {
    const Fleet fleet = steady({{.name = "python", .cpu = std::nan("")}});
    for (const auto op : {Operator::greater, Operator::less}) {
        const Rule rule = process_rule("*", ProcessField::cpu_percent, op, 50);
        EXPECT_EQ(at_noon(rule, fleet).at("web-01|python").verdict, Verdict::no_data);
    }
    const Rule bytes = process_rule("*", ProcessField::disk_read_bytes, Operator::less, 50);
    EXPECT_EQ(at_noon(bytes, fleet).at("web-01|python").verdict, Verdict::no_data);
}

TEST(EvaluateProcesses, AGroupByNameIsTheSumOfItsProcesses) {
    const Fleet fleet = steady({{.pid = 1, .name = "python", .rss_mb = 100},
                                {.pid = 2, .name = "python", .rss_mb = 250},
                                {.pid = 3, .name = "nginx", .rss_mb = 20}});
    const auto seen = at_noon(grouped(Grouping::name, Operator::greater, 300), fleet);
    EXPECT_EQ(seen.at("web-01|python").value, 350);
    EXPECT_EQ(seen.at("web-01|python").verdict, Verdict::breached);
    EXPECT_EQ(seen.at("web-01|nginx").value, 20);
}

TEST(EvaluateProcesses, AGroupByUnitIsTheSumOfItsProcesses) {
    const Fleet fleet = steady({{.pid = 1, .name = "python", .rss_mb = 100, .unit = "chat"},
                                {.pid = 2, .name = "nginx", .rss_mb = 250, .unit = "chat"},
                                {.pid = 3, .name = "bash", .rss_mb = 20}});
    const auto seen = at_noon(grouped(Grouping::unit, Operator::greater, 300), fleet);
    ASSERT_EQ(seen.size(), 1U) << "what has no unit is in no group";
    EXPECT_EQ(seen.at("web-01|chat").value, 350);
}

TEST(EvaluateProcesses, ATableInWhichAGroupHasNoProcessCountsAsZero) {
    Fleet fleet;
    fleet.processes("web-01", at(-1.5), {{.name = "python", .rss_mb = 80}});
    fleet.processes("web-01", at(-1), {});
    fleet.processes("web-01", at(-0.5), {{.pid = 2, .name = "python", .rss_mb = 40}});
    fleet.processes("web-01", kNoon, {{.pid = 2, .name = "python", .rss_mb = 40}});
    const auto seen = at_noon(grouped(Grouping::name, Operator::greater, 300), fleet);
    EXPECT_EQ(seen.at("web-01|python").value, 40);
}

TEST(EvaluateProcesses, AGroupWithoutAProcessInTheWindowIsNoSubject) {
    Fleet fleet;
    fleet.processes("web-01", at(-8), {{.name = "before", .rss_mb = 80}});
    fleet.processes("web-01", kNoon, {{.name = "now", .rss_mb = 80}});
    fleet.processes("web-01", at(1), {{.name = "later", .rss_mb = 80}});
    EXPECT_THAT(names_at_noon(grouped(Grouping::name, Operator::less, 300), fleet),
                ElementsAre("web-01|now"));
}

TEST(EvaluateProcesses, WhatCannotBeReadAddsNothingToASum) {
    const double unknown = std::nan("");
    const Fleet fleet = steady({{.pid = 1, .name = "python", .rss_mb = unknown},
                                {.pid = 2, .name = "python", .rss_mb = 40},
                                {.pid = 3, .name = "python", .rss_mb = unknown}});
    const auto seen = at_noon(grouped(Grouping::name, Operator::greater, 30), fleet);
    EXPECT_EQ(seen.at("web-01|python").value, 40);
}

TEST(EvaluateProcesses, ASumOfWhichNothingCanBeReadIsNoDataAndNotZero) {
    const double unknown = std::nan("");
    const Fleet fleet = steady({{.pid = 1, .name = "python", .rss_mb = unknown},
                                {.pid = 2, .name = "python", .rss_mb = unknown}});
    for (const auto op : {Operator::greater, Operator::less}) {
        const auto seen = at_noon(grouped(Grouping::name, op, 30), fleet);
        EXPECT_EQ(seen.at("web-01|python").verdict, Verdict::no_data);
    }
}

Rule missing(const std::string& name) {
    return process_rule(name, ProcessField::process_count, Operator::less, 1);
}

TEST(EvaluateProcesses, TheNumberOfProcessesHasZeroAsAValue) {
    const Fleet fleet = steady({{.pid = 1, .name = "nginx"}, {.pid = 2, .name = "nginx"}});
    const auto seen = at_noon(missing("postgres"), fleet);
    EXPECT_EQ(seen.at("web-01|postgres").verdict, Verdict::breached);
    EXPECT_EQ(seen.at("web-01|postgres").value, 0);
    EXPECT_EQ(at_noon(missing("nginx"), fleet).at("web-01|nginx").value, 2);
}

TEST(EvaluateProcesses, TheNumberIsOfAllThatMatch) {
    const Fleet fleet = steady({{.pid = 1, .name = "python", .unit = "chat.service"},
                                {.pid = 2, .name = "python3", .unit = "chat.service"},
                                {.pid = 3, .name = "python3", .unit = "cron.service"}});
    Rule rule = missing("python*");
    EXPECT_EQ(at_noon(rule, fleet).at("web-01|python*").value, 3);
    process_of(rule).unit = "chat*";
    EXPECT_EQ(at_noon(rule, fleet).at("web-01|python*").value, 2);
}

TEST(EvaluateProcesses, WithoutAProcessTableNothingIsMissing) {
    Fleet fleet;
    fleet.host("web-01").last_seen = kNoon;
    EXPECT_THAT(names_at_noon(missing("nginx"), fleet), IsEmpty());
}

TEST(EvaluateProcesses, UptimeIsByTheHostsOwnClock) {
    const auto started = at(-60);
    Fleet fleet = steady({{.pid = 1, .name = "a", .started_at = started}, {.pid = 2, .name = "b"}});
    Rule young = process_rule("*", ProcessField::uptime_seconds, Operator::less, 600);
    process_of(young).limit.aggregation = Aggregation::last;
    EXPECT_EQ(at_noon(young, fleet).at("web-01|a").value, 3600);
    EXPECT_EQ(at_noon(young, fleet).at("web-01|b").verdict, Verdict::no_data);
    fleet.host("web-01").skew = minutes{55};  // there it is five to eleven: five minutes after
    EXPECT_EQ(at_noon(young, fleet).at("web-01|a").value, 300);
}

TEST(EvaluateProcesses, OnlyTablesOfTheWindowCount) {
    Fleet fleet;
    fleet.processes("web-01", at(-6), {{.name = "python", .cpu = 500}});
    fleet.processes("web-01", kNoon, {{.name = "python", .cpu = 10}});
    fleet.processes("web-01", at(1), {{.name = "python", .cpu = 500}});
    EXPECT_EQ(at_noon(cpu_over(80), fleet).at("web-01|python").value, 10);
}

TEST(EvaluateProcesses, HostsAreFilteredAndMayHaveTheirOwnThreshold) {
    Fleet fleet;
    for (const char* const host : {"db-01", "web-01"}) {
        fleet.processes(host, kNoon, {{.name = "python", .cpu = 90}});
    }
    fleet.host("web-01").thresholds = {{"cpu_percent", 95}};
    EXPECT_EQ(at_noon(cpu_over(80), fleet).at("db-01|python").verdict, Verdict::breached);
    EXPECT_EQ(at_noon(cpu_over(80), fleet).at("web-01|python").verdict, Verdict::clear);
    Rule rule = cpu_over(80);
    process_of(rule).limit.hosts.hostname = "db-*";
    EXPECT_THAT(names_at_noon(rule, fleet), ElementsAre("db-01|python"));
}

}  // namespace
}  // namespace chorus::alerts
