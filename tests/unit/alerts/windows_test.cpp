// Which samples a window takes, and what is read for it.
#include "aggregator/alerts/windows.h"

#include <gtest/gtest.h>

#include <random>

#include "aggregator/alerts/sample_window.h"
#include "builders.h"

namespace chorus::alerts {
namespace {

using build::at;
using build::kNoon;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr microseconds kTick{1};

bool within(const std::vector<store::TimeRange>& ranges, Timestamp moment) {
    return std::any_of(ranges.begin(), ranges.end(), [&](const store::TimeRange& range) {
        return range.from < moment && moment <= range.to;
    });
}

TEST(Window, AShortOneTakesEverySampleOfTheLastMinutes) {
    const WindowPlan plan{minutes{5}};
    EXPECT_TRUE(plan.whole());
    EXPECT_EQ(plan.end(kNoon), kNoon);
    EXPECT_TRUE(plan.takes(kNoon, kNoon, 30));
    EXPECT_FALSE(plan.takes(kNoon + kTick, kNoon, 30));
    EXPECT_TRUE(plan.takes(at(-5) + kTick, kNoon, 30));
    EXPECT_FALSE(plan.takes(at(-5), kNoon, 30));
    EXPECT_TRUE(WindowPlan{minutes{10}}.whole());
    EXPECT_FALSE(WindowPlan{minutes{11}}.whole());
}

TEST(Window, ALongOneTakesTheBeginningOfEachOf30Slots) {
    const WindowPlan hour{minutes{60}};  // slots of two minutes
    EXPECT_TRUE(hour.takes(at(-2), kNoon, 30));
    EXPECT_TRUE(hour.takes(at(-1.5) - kTick, kNoon, 30));
    EXPECT_FALSE(hour.takes(at(-1.5), kNoon, 30));
    EXPECT_FALSE(hour.takes(at(-1), kNoon, 30));
    EXPECT_TRUE(hour.takes(at(-60), kNoon, 30));
    EXPECT_FALSE(hour.takes(at(-60) - kTick, kNoon, 30));
}

TEST(Window, ALongOneEndsWithItsLastWholeSlot) {
    const WindowPlan hour{minutes{60}};
    EXPECT_EQ(hour.end(kNoon), kNoon);
    EXPECT_EQ(hour.end(at(2) - kTick), kNoon);
    EXPECT_EQ(hour.end(at(2)), at(2));
    EXPECT_FALSE(hour.takes(kNoon, kNoon, 30)) << "it belongs to the slot that begins";
    EXPECT_FALSE(hour.takes(kNoon, at(1.9), 30));
    EXPECT_TRUE(hour.takes(kNoon, at(2), 30));
}

TEST(Window, OfAHostThatSendsRarelyItTakesAWholeInterval) {
    const WindowPlan hour{minutes{60}};
    EXPECT_FALSE(hour.takes(at(-1.1), kNoon, 30));
    EXPECT_TRUE(hour.takes(at(-1.1), kNoon, 60));
    EXPECT_TRUE(hour.takes(at(-1.9), kNoon, 1)) << "at least half a minute";
    EXPECT_FALSE(hour.takes(at(-1.1), kNoon, 1));
}

TEST(Window, OfASumAndOfExtremesItTakesEverySampleOfAnHour) {
    Rule rule = build::system_rule();
    Limit& limit = build::system_of(rule).limit;
    limit.window = minutes{60};
    EXPECT_FALSE(plan_of(build::system_of(rule)).takes(at(-1), kNoon, 30));
    for (const auto aggregation : {Aggregation::sum, Aggregation::minimum, Aggregation::maximum}) {
        limit.aggregation = aggregation;
        const WindowPlan plan = plan_of(build::system_of(rule));
        EXPECT_TRUE(plan.whole());
        EXPECT_NE(plan.table(), TableKey{}) << "others do not hold an hour";
        EXPECT_TRUE(plan.takes(at(-1), kNoon, 30));
        EXPECT_TRUE(plan.takes(kNoon, kNoon, 30));
        EXPECT_FALSE(plan.takes(at(-60), kNoon, 30));
        EXPECT_EQ(plan.unit(30), 30);
        EXPECT_EQ(plan.ranges(kNoon, 30).size(), 1U);
    }
    limit.window = minutes{61};
    EXPECT_FALSE(plan_of(build::system_of(rule)).whole());
}

// Whatever the phase of the host's clock.
TEST(Window, WhatItTakesOfAHostThatMissesNoneCoversIt) {
    std::mt19937_64 random{1};
    for (int round = 0; round < 300; ++round) {
        const minutes window{std::uniform_int_distribution{1, 1440}(random)};
        const Timestamp now =
            kNoon + microseconds{std::uniform_int_distribution{0, 1'000'000'000}(random)};
        const WindowPlan plan{window};
        for (const seconds interval : {seconds{1}, seconds{10}, seconds{30}, seconds{60}}) {
            const double period = static_cast<double>(interval.count());
            const microseconds phase{
                std::uniform_int_distribution<std::int64_t>{0, 59'999'999}(random)};
            std::vector<Sample> taken;
            for (auto sent = now - window - minutes{60} - phase; sent <= now; sent += interval) {
                if (plan.takes(sent, now, period)) taken.push_back({sent, 0});
            }
            EXPECT_DOUBLE_EQ(coverage(taken, window, plan.unit(period), plan.end(now)), 1)
                << window.count() << " minutes, each " << period << " s";
        }
    }
}

// And for none, however long, of a host that began to send a moment ago.
TEST(Window, AYoungHostCoversTheTimeThatItHasSent) {
    for (const minutes window : {minutes{5}, minutes{10}, minutes{30}, minutes{360}}) {
        const WindowPlan plan{window};
        for (const seconds interval : {seconds{1}, seconds{30}, seconds{60}}) {
            const double period = static_cast<double>(interval.count());
            std::vector<Timestamp> sent;
            bool half = false;
            for (auto now = kNoon; now <= kNoon + window; now += interval) {
                sent.push_back(now);
                std::vector<Sample> taken;
                for (const auto at : sent) {
                    if (plan.takes(at, now, period)) taken.push_back({at, 0});
                }
                const double share = coverage(taken, window, plan.unit(period), plan.end(now));
                // Near its end the window's first sample speaks for what came before it.
                const double passed = std::chrono::duration<double>(now - kNoon) / window;
                if (passed >= 0.75) break;
                ASSERT_LE(share, passed + 1e-9)
                    << window.count() << " minutes, each " << period << " s";
                half = half || share >= 0.5;
            }
            EXPECT_TRUE(half) << window.count() << " minutes, each " << period << " s";
        }
    }
}

// Moments at random, and those around the borders of slots.
std::vector<Timestamp> moments(const WindowPlan& plan, Timestamp now, minutes window,
                               std::mt19937_64& random) {
    std::vector<Timestamp> all;
    const auto span = std::chrono::duration_cast<microseconds>(window).count();
    std::uniform_int_distribution<std::int64_t> anywhere{-span / 4, span + span / 4};
    for (int i = 0; i < 100; ++i) all.push_back(now - microseconds{anywhere(random)});
    const microseconds slot = std::chrono::duration_cast<microseconds>(window) / 30;
    std::uniform_int_distribution border{-1, 31};
    for (int i = 0; i < 100; ++i) {
        const Timestamp at = plan.end(now) - border(random) * slot;
        for (const auto near : {at - kTick, at, at + kTick, at + seconds{30} - kTick,
                                at + seconds{30}, at + seconds{30} + kTick}) {
            all.push_back(near);
        }
    }
    return all;
}

TEST(Window, WhatIsReadIsExactlyWhatIsTaken) {
    std::mt19937_64 random{2};
    for (int round = 0; round < 500; ++round) {
        const minutes window{std::uniform_int_distribution{1, round % 2 == 0 ? 30 : 1440}(random)};
        const Timestamp now = kNoon + microseconds{std::uniform_int_distribution<std::int64_t>{
                                          0, 100'000'000'000}(random)};
        const double interval = std::uniform_real_distribution{1.0, 200.0}(random);
        const WindowPlan plan{window};
        const auto ranges = plan.ranges(now, interval);
        for (const Timestamp moment : moments(plan, now, window, random)) {
            ASSERT_EQ(within(ranges, moment), plan.takes(moment, now, interval))
                << window.count() << " minutes, interval " << interval << " s, now "
                << format_timestamp_micros(now) << ", received " << format_timestamp_micros(moment);
        }
    }
}

TEST(Window, WhatIsReadIsEnoughForEveryHost) {
    std::mt19937_64 random{3};
    for (int round = 0; round < 500; ++round) {
        const minutes window{std::uniform_int_distribution{1, 1440}(random)};
        const WindowPlan plan{window};
        const double longest = std::uniform_real_distribution{1.0, 200.0}(random);
        const double own = std::uniform_real_distribution{1.0, longest}(random);
        const auto ranges = plan.ranges(kNoon, longest);
        for (const Timestamp moment : moments(plan, kNoon, window, random)) {
            ASSERT_TRUE(!plan.takes(moment, kNoon, own) || within(ranges, moment));
        }
    }
}

TEST(Window, AtMost30RangesAreReadInOrderAndWithoutOverlap) {
    for (int window = 1; window <= 1440; ++window) {
        for (const double interval : {1.0, 30.0, 60.0, 3600.0}) {
            const auto ranges = WindowPlan{minutes{window}}.ranges(at(0.3), interval);
            ASSERT_LE(ranges.size(), 30U);
            ASSERT_FALSE(ranges.empty());
            for (std::size_t i = 0; i < ranges.size(); ++i) {
                ASSERT_LT(ranges[i].from, ranges[i].to);
                ASSERT_TRUE(i == 0 || ranges[i - 1].to < ranges[i].from);
            }
        }
    }
}

TEST(Window, NeighbouringSlotsThatAreTakenWholeAreReadAsOne) {
    EXPECT_EQ(WindowPlan{minutes{15}}.ranges(kNoon, 30).size(), 1U);
    EXPECT_EQ(WindowPlan{minutes{60}}.ranges(kNoon, 120).size(), 1U);
    EXPECT_EQ(WindowPlan{minutes{60}}.ranges(kNoon, 30).size(), 30U);
}

std::vector<Host> fleet(int hosts, double interval) {
    std::vector<Host> all(static_cast<std::size_t>(hosts));
    for (auto& host : all) host.interval_seconds = interval;
    for (std::size_t i = 0; i < all.size(); ++i) all[i].id = static_cast<std::int32_t>(i + 1);
    return all;
}

TEST(Scope, AHostWithALongIntervalWidensNothingForTheOthers) {
    auto hosts = fleet(20, 30);
    const auto alone = scope_of(hosts, {at(-5), kNoon});
    EXPECT_TRUE(alone.apart.empty());
    Host rare;
    rare.id = 99;
    rare.interval_seconds = 86'400;
    hosts.push_back(rare);
    EXPECT_EQ(usual_interval(hosts), 30);
    const auto scope = scope_of(hosts, {at(-5), kNoon});
    EXPECT_EQ(scope.before, alone.before);
    ASSERT_EQ(scope.apart.size(), 1U);
    EXPECT_EQ(scope.apart[0].host_id, 99);
    EXPECT_EQ(scope.apart[0].before, minutes{10} + seconds{30});
}

TEST(Scope, OfEachSlotAHostIsReadForAsLongAsItsWindowTakes) {
    auto hosts = fleet(20, 30);
    hosts[2].skew = minutes{-27};
    hosts[3].interval_seconds = 60;
    hosts[4].interval_seconds = 600;
    const WindowPlan hour{minutes{60}};
    const auto scope = scope_of(hosts, hour, kNoon);
    EXPECT_EQ(scope.ranges.size(), 30U);
    ASSERT_EQ(scope.apart.size(), 2U) << "sixty seconds are what all but one keep to";
    EXPECT_EQ(scope.apart[0].width, seconds{60});
    EXPECT_EQ(scope.apart[1].width, seconds{120}) << "no longer than a slot";
    EXPECT_FALSE(scope_of(hosts, WindowPlan{minutes{5}}, kNoon).apart[0].width);
}

TEST(Scope, WhatMostHostsKeepToIsUsual) {
    EXPECT_EQ(usual_interval(fleet(1'000, 60)), 60);
    EXPECT_TRUE(scope_of(fleet(1'000, 60), {at(-5), kNoon}).apart.empty());
    EXPECT_TRUE(scope_of(fleet(1, 30), {at(-5), kNoon}).apart.empty());
    EXPECT_TRUE(scope_of(std::vector<Host>{}, {at(-5), kNoon}).apart.empty());
    EXPECT_EQ(scope_of(fleet(1, 60), {at(-5), kNoon}).apart.size(), 1U);
}

TEST(Scope, AHostWithAWrongClockIsLookedUpByIt) {
    auto hosts = fleet(3, 30);
    hosts[1].skew = minutes{-27};
    const auto scope = scope_of(hosts, {at(-5), kNoon});
    ASSERT_EQ(scope.apart.size(), 1U);
    EXPECT_EQ(scope.apart[0].before, minutes{-27} + seconds{90});
    EXPECT_EQ(scope.apart[0].behind, minutes{27} + seconds{30});
}

TEST(Lateness, ABatchIsLateAfterTwoIntervalsButNotWithinAMinute) {
    EXPECT_EQ(lateness_limit(30), seconds{60});
    EXPECT_EQ(lateness_limit(1), seconds{60});
    EXPECT_EQ(lateness_limit(45), seconds{90});
    // An interval is what the agent says: no word of one host makes all rounds read days.
    EXPECT_EQ(lateness_limit(86'400), minutes{10});
    EXPECT_FALSE(is_late(kNoon, kNoon + seconds{60}, seconds{0}, 30));
    EXPECT_TRUE(is_late(kNoon, kNoon + seconds{60} + kTick, seconds{0}, 30));
}

TEST(Lateness, AWrongClockMakesNothingLate) {
    const auto behind = std::chrono::hours{27};
    EXPECT_FALSE(is_late(kNoon - behind, kNoon + seconds{1}, behind, 30));
    EXPECT_FALSE(is_late(kNoon + behind, kNoon + seconds{1}, -behind, 30));
    EXPECT_TRUE(is_late(kNoon - behind, kNoon + minutes{5}, behind, 30));
    EXPECT_TRUE(is_late(kNoon + behind, kNoon + minutes{5}, -behind, 30))
        << "sent five minutes late by a clock that is ahead";
}

}  // namespace
}  // namespace chorus::alerts
