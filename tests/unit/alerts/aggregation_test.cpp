// From the samples of a window to one value, and from that to a verdict.
#include "aggregator/alerts/aggregation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "builders.h"

namespace chorus::alerts {
namespace {

using build::at;
using build::kNoon;
using build::limit;
using Verdict = Reading::Verdict;

// Half a minute apart, the last one at noon.
std::vector<Sample> every_half_minute(const std::vector<double>& values) {
    std::vector<Sample> samples;
    double minutes = -0.5 * static_cast<double>(values.size() - 1);
    for (const double value : values) {
        samples.push_back({at(minutes), value});
        minutes += 0.5;
    }
    return samples;
}

Reading reading_of(const std::vector<double>& values, const Limit& limit, double unit = 0) {
    const auto samples = values.empty() ? std::vector<Sample>{} : every_half_minute(values);
    return read(samples, unit, limit, Severity::high, kNoon);
}

double figure_of(Aggregation aggregation, const std::vector<double>& values) {
    return reading_of(values, limit(Operator::greater, 0, aggregation)).value;
}

TEST(Aggregation, EachHasItsValue) {
    const std::vector<double> values{4, 1, 9, 2};
    EXPECT_EQ(figure_of(Aggregation::average, values), 4);
    EXPECT_EQ(figure_of(Aggregation::minimum, values), 1);
    EXPECT_EQ(figure_of(Aggregation::maximum, values), 9);
    EXPECT_EQ(figure_of(Aggregation::last, values), 2);
    EXPECT_EQ(figure_of(Aggregation::sum, values), 16);
}

TEST(Aggregation, TheRateIsTheChangePerSecondFromFirstToLast) {
    EXPECT_DOUBLE_EQ(figure_of(Aggregation::rate, {100, 7, 130}), 0.5);
    EXPECT_DOUBLE_EQ(figure_of(Aggregation::rate, {130, 7, 100}), -0.5);
}

TEST(Aggregation, ARateNeedsTwoMoments) {
    const Limit rising = limit(Operator::greater, 0, Aggregation::rate);
    EXPECT_EQ(reading_of({100}, rising).verdict, Verdict::no_data);
    const std::vector<Sample> at_once{{kNoon, 1}, {kNoon, 5}};
    EXPECT_EQ(read(at_once, 0, rising, Severity::high, kNoon).verdict, Verdict::no_data);
}

TEST(Aggregation, P95IsTheSmallestSampleThatIsNotBelow95PercentOfThem) {
    std::vector<double> values;
    for (int i = 100; i >= 1; --i) values.push_back(i);
    EXPECT_EQ(figure_of(Aggregation::p95, values), 95);
    values.resize(20);  // 100 down to 81
    EXPECT_EQ(figure_of(Aggregation::p95, values), 99);
    EXPECT_EQ(figure_of(Aggregation::p95, {3}), 3);
    EXPECT_EQ(figure_of(Aggregation::p95, {3, 8}), 8);
}

TEST(Aggregation, TheFractionIsTheShareBeyondTheThreshold) {
    Limit half = limit(Operator::greater, 10, Aggregation::fraction);
    half.fraction = 0.5;
    const Reading mixed = reading_of({11, 10, 12, 3}, half);
    EXPECT_EQ(mixed.value, 0.5);
    EXPECT_EQ(mixed.verdict, Verdict::breached);
    EXPECT_EQ(reading_of({11, 10, 9, 3}, half).verdict, Verdict::clear);
}

TEST(Aggregation, AFractionOfNothingNeverFires) {
    Limit any = limit(Operator::greater, 10, Aggregation::fraction);
    any.fraction = 0;
    EXPECT_EQ(reading_of({1, 2}, any).verdict, Verdict::clear);
    any.escalation = Escalation{20, Severity::critical};
    EXPECT_EQ(reading_of({1, 11}, any).verdict, Verdict::breached);
    EXPECT_EQ(reading_of({1, 11}, any).severity, Severity::high) << "none is beyond 20";
    EXPECT_EQ(reading_of({1, 21}, any).severity, Severity::critical);
}

TEST(Aggregation, EveryOperatorComparesTheValueWithTheThreshold) {
    const auto breached = [](Operator op, double value) {
        return reading_of({value}, limit(op, 5)).verdict == Verdict::breached;
    };
    for (const double value : {4.0, 5.0, 6.0}) {
        EXPECT_EQ(breached(Operator::greater, value), value > 5) << value;
        EXPECT_EQ(breached(Operator::less, value), value < 5) << value;
        EXPECT_EQ(breached(Operator::greater_equal, value), value >= 5) << value;
        EXPECT_EQ(breached(Operator::less_equal, value), value <= 5) << value;
        EXPECT_EQ(breached(Operator::equal, value), value == 5) << value;
        EXPECT_EQ(breached(Operator::not_equal, value), value != 5) << value;
    }
}

// 1 % per half minute from 60 to 80: in an hour it would be 200.
std::vector<double> rising() {
    std::vector<double> values;
    for (int i = 60; i <= 80; ++i) values.push_back(i);
    return values;
}

Limit full_in_an_hour() {
    Limit full = limit(Operator::greater, 100, Aggregation::predict);
    full.predict_hours = 1;
    return full;
}

TEST(Aggregation, APredictionFollowsTheStraightLine) {
    const Reading full = reading_of(rising(), full_in_an_hour());
    EXPECT_NEAR(full.value, 200, 1e-6);
    EXPECT_EQ(full.verdict, Verdict::breached);
    Limit later = full_in_an_hour();
    later.threshold = 201;
    EXPECT_EQ(reading_of(rising(), later).verdict, Verdict::clear);
}

TEST(Aggregation, APredictionIsOnlyBelievedBeyondTheGate) {
    Limit gated = full_in_an_hour();
    gated.gate = 79;
    EXPECT_EQ(reading_of(rising(), gated).verdict, Verdict::breached);
    gated.gate = 80;
    EXPECT_EQ(reading_of(rising(), gated).verdict, Verdict::clear);
}

TEST(Aggregation, APredictionIsOnlyBelievedIfALineFits) {
    std::vector<double> jumping;
    for (int i = 0; i < 20; ++i) jumping.push_back(i % 2 == 0 ? 60 : 80 + i);
    Limit full = full_in_an_hour();
    full.least_fit = 0;
    ASSERT_EQ(reading_of(jumping, full).verdict, Verdict::breached);
    full.least_fit = 0.7;
    EXPECT_EQ(reading_of(jumping, full).verdict, Verdict::clear);
}

TEST(Aggregation, WhatDoesNotChangeIsPredictedToStay) {
    const Reading steady = reading_of({50, 50, 50, 50}, full_in_an_hour());
    EXPECT_EQ(steady.value, 50);
    EXPECT_EQ(steady.verdict, Verdict::clear);
}

TEST(Aggregation, APredictionNeedsThreeSamplesAndTimeBetweenThem) {
    EXPECT_EQ(reading_of({60, 70}, full_in_an_hour()).verdict, Verdict::no_data);
    const std::vector<Sample> at_once{{kNoon, 1}, {kNoon, 5}, {kNoon, 9}};
    EXPECT_EQ(read(at_once, 0, full_in_an_hour(), Severity::high, kNoon).verdict, Verdict::no_data);
}

TEST(Aggregation, ADoubtfulPredictionDoesNotLingerEither) {
    Limit gated = full_in_an_hour();
    gated.clear_threshold = 90;
    gated.gate = 95;
    EXPECT_EQ(reading_of(rising(), gated).verdict, Verdict::clear);
}

TEST(Aggregation, AnEmptyWindowIsNoData) {
    for (const auto aggregation : {Aggregation::average, Aggregation::sum, Aggregation::fraction,
                                   Aggregation::p95, Aggregation::predict}) {
        EXPECT_EQ(reading_of({}, limit(Operator::less, 5, aggregation)).verdict, Verdict::no_data);
    }
}

TEST(Aggregation, SamplesOfTooLittleOfTheWindowAreNoData) {
    Limit covered = limit(Operator::greater, 5);
    covered.min_coverage = 0.5;
    EXPECT_EQ(reading_of({9, 9, 9, 9, 9}, covered, 30).verdict, Verdict::no_data) << "two minutes";
    EXPECT_EQ(reading_of({9, 9, 9, 9, 9, 9}, covered, 30).verdict, Verdict::breached);
    EXPECT_EQ(reading_of({9}, covered, 0).verdict, Verdict::breached) << "how much is not known";
    covered.min_coverage = 0;
    EXPECT_EQ(reading_of({9}, covered, 30).verdict, Verdict::breached);
}

TEST(Aggregation, ExactlyTheLeastCoverageIsEnough) {
    Limit covered = limit(Operator::greater, 5);
    covered.window = std::chrono::minutes{50};
    for (int share = 1; share <= 100; ++share) {
        covered.min_coverage = share / 100.0;
        const std::vector<double> values(static_cast<std::size_t>(share) + 1, 9);
        EXPECT_EQ(reading_of(values, covered, 30).verdict, Verdict::breached) << share << " %";
        covered.min_coverage += 0.001;
        if (share >= 99) break;  // the first one speaks for the half minute before it
        EXPECT_EQ(reading_of(values, covered, 30).verdict, Verdict::no_data) << share << " %";
    }
}

// Seconds before noon at which samples came; the window is five minutes.
double covered(std::initializer_list<double> seconds_ago, double unit) {
    std::vector<Sample> samples;
    for (const double seconds : seconds_ago) samples.push_back({at(-seconds / 60), 1});
    return coverage(samples, std::chrono::minutes{5}, unit, kNoon);
}

TEST(Coverage, IsTheTimeThatSamplesStandFor) {
    EXPECT_EQ(covered({}, 30), 0);
    EXPECT_DOUBLE_EQ(covered({150, 120, 90, 60, 30, 0}, 30), 0.5);
    EXPECT_DOUBLE_EQ(covered({150, 120, 90, 60, 30}, 30), 0.5)
        << "the last one stands for its time";
    EXPECT_DOUBLE_EQ(covered({285, 255, 225, 195, 165, 135, 105, 75, 45, 15}, 30), 1);
    EXPECT_DOUBLE_EQ(covered({0}, 30), 0);
    EXPECT_DOUBLE_EQ(covered({0}, 600), 1) << "more than one does not fit";
}

TEST(Coverage, HasHolesWhereSamplesAreMissing) {
    EXPECT_DOUBLE_EQ(covered({295, 0}, 30), (5 + 33.0) / 300);
    EXPECT_DOUBLE_EQ(covered({295, 200}, 30), (5 + 33.0 + 33.0) / 300);
    EXPECT_DOUBLE_EQ(covered({60, 60, 60, 60}, 1), 1.1 / 300) << "many at once are as one";
}

TEST(Coverage, ForgivesThatTheIntervalWasShortenedAMomentAgo) {
    EXPECT_DOUBLE_EQ(covered({270, 240, 210, 180, 150, 120, 90, 60, 30, 0}, 1), 0.9);
}

TEST(Aggregation, WhatIsNotAFiniteNumberIsNoData) {
    const double infinite = std::numeric_limits<double>::infinity();
    const double largest = std::numeric_limits<double>::max();
    EXPECT_EQ(reading_of({1, infinite}, limit(Operator::greater, 5)).verdict, Verdict::no_data);
    EXPECT_EQ(reading_of({std::nan("")}, limit(Operator::less, 5)).verdict, Verdict::no_data);
    EXPECT_EQ(reading_of({largest, largest}, limit(Operator::greater, 5, Aggregation::sum)).verdict,
              Verdict::no_data);
}

TEST(Aggregation, BetweenThresholdAndClearThresholdItLingers) {
    Limit rising = limit(Operator::greater, 85);
    rising.clear_threshold = 75;
    EXPECT_EQ(reading_of({85.1}, rising).verdict, Verdict::breached);
    EXPECT_EQ(reading_of({85}, rising).verdict, Verdict::hysteresis);
    EXPECT_EQ(reading_of({75}, rising).verdict, Verdict::hysteresis);
    EXPECT_EQ(reading_of({74.9}, rising).verdict, Verdict::clear);
    Limit falling = limit(Operator::less, 10);
    falling.clear_threshold = 20;
    EXPECT_EQ(reading_of({9}, falling).verdict, Verdict::breached);
    EXPECT_EQ(reading_of({20}, falling).verdict, Verdict::hysteresis);
    EXPECT_EQ(reading_of({20.1}, falling).verdict, Verdict::clear);
}

TEST(Aggregation, BeyondTheSecondThresholdItIsWorse) {
    Limit two = limit(Operator::greater, 85);
    two.escalation = Escalation{95, Severity::critical};
    EXPECT_EQ(reading_of({90}, two).severity, Severity::high);
    EXPECT_EQ(reading_of({96}, two).severity, Severity::critical);
    two.escalation->severity = Severity::low;
    EXPECT_EQ(reading_of({96}, two).severity, Severity::high) << "never milder than the rule";
}

TEST(Aggregation, WhatHasLeftTheSecondThresholdByLittleMayBeKept) {
    Limit two = limit(Operator::greater, 80);
    two.escalation = Escalation{95, Severity::critical};
    EXPECT_FALSE(reading_of({94}, two).keeps) << "nothing is said of how far";
    two.clear_threshold = 70;
    EXPECT_EQ(reading_of({94}, two).severity, Severity::high);
    EXPECT_EQ(reading_of({94}, two).keeps, Severity::critical);
    EXPECT_EQ(reading_of({85}, two).keeps, Severity::critical);
    EXPECT_FALSE(reading_of({84.9}, two).keeps);
    Limit falling = limit(Operator::less, 20);
    falling.clear_threshold = 30;
    falling.escalation = Escalation{5, Severity::critical};
    EXPECT_EQ(reading_of({15}, falling).keeps, Severity::critical);
    EXPECT_FALSE(reading_of({15.1}, falling).keeps);
}

TEST(Aggregation, AFractionEscalatesWhenEnoughSamplesAreBeyondTheSecondThreshold) {
    Limit two = limit(Operator::greater, 10, Aggregation::fraction);
    two.fraction = 0.5;
    two.escalation = Escalation{20, Severity::critical};
    EXPECT_EQ(reading_of({11, 21, 11, 5}, two).severity, Severity::high);
    EXPECT_EQ(reading_of({21, 21, 11, 5}, two).severity, Severity::critical);
}

TEST(Aggregation, AHostsOwnThresholdMovesTheOthersAlong) {
    Limit rule = limit(Operator::greater, 85);
    rule.clear_threshold = 75;
    rule.escalation = Escalation{95, Severity::critical};
    const Limit own = with_threshold(rule, 60);
    EXPECT_EQ(own.threshold, 60);
    EXPECT_EQ(own.clear_threshold, 50);
    EXPECT_EQ(own.escalation->threshold, 70);
    EXPECT_EQ(reading_of({61}, own).threshold, 60);
    EXPECT_FALSE(with_threshold(limit(Operator::greater, 85), 60).clear_threshold);
}

}  // namespace
}  // namespace chorus::alerts
