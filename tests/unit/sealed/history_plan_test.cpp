// Each day of a range is answered for by what is cheapest and says the same.
#include "aggregator/sealed/history_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chorus::store {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::sys_days;
using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

constexpr sys_days kFirst{days{20'000}};
constexpr MovedDay packed(int n) {
    return {kFirst + days{n}, false, true, true};
}
constexpr MovedDay past(int n, bool has_hours = true) {
    return {kFirst + days{n}, true, has_hours, true};
}
constexpr sys_days day(int n) {
    return kFirst + days{n};
}
// Whole days up to the end of the last one.
HistoryRange whole(int first, int last, std::chrono::seconds step) {
    return {Timestamp{day(first)}, Timestamp{day(last + 1)} - microseconds{1}, step};
}
std::vector<std::string> text(const std::vector<SealedHours>& list) {
    std::vector<std::string> lines;
    for (const auto& part : list) {
        lines.push_back(std::to_string((part.day - kFirst).count()) + ": " +
                        std::to_string(part.first) + "-" + std::to_string(part.last));
    }
    return lines;
}

TEST(HistoryPlan, TheOldestDayDecidesOnTheLeastStep) {
    EXPECT_EQ(least_step(tier_of({})), 1s);
    EXPECT_EQ(least_step(tier_of({packed(0), packed(1)})), 1s);
    EXPECT_EQ(least_step(tier_of({past(0), packed(1)})), 1h);
    EXPECT_EQ(least_step(tier_of({past(0, false), past(1), packed(2)})), 24h);
}

TEST(HistoryPlan, WholeDaysComeFromDaysWhereStepsAreDays) {
    const auto plan = plan_history({past(0), packed(1), packed(2)}, whole(0, 2, 48h));
    EXPECT_THAT(plan.by_day, ElementsAre(day(0), day(1), day(2)));
    EXPECT_THAT(plan.by_hour, IsEmpty());
    EXPECT_THAT(plan.by_value, IsEmpty());
}

TEST(HistoryPlan, PartsOfDaysComeFromWhatIsFiner) {
    auto range = whole(0, 2, 24h);
    range.start += 90min;
    range.end -= 90min;
    const auto plan = plan_history({past(0), packed(1), packed(2)}, range);
    EXPECT_THAT(plan.by_day, ElementsAre(day(1)));
    EXPECT_THAT(plan.by_hour, ElementsAre(day(0), day(2)));
    EXPECT_EQ(plan.first_hour, Timestamp{day(0)} + 1h) << "its values are gone";
    EXPECT_EQ(plan.end_of_hours, Timestamp{day(2)} + 22h);
    EXPECT_THAT(text(plan.by_value), ElementsAre("2: 22-23"));
}

TEST(HistoryPlan, HoursOfPackedDaysComeFromHistory) {
    auto range = whole(0, 2, 2h);
    range.start += 90min;
    range.end -= 90min;
    const auto plan = plan_history({packed(0), packed(1), packed(2)}, range);
    EXPECT_THAT(plan.by_hour, ElementsAre(day(0), day(1), day(2)));
    EXPECT_EQ(plan.first_hour, Timestamp{day(0)} + 2h);
    EXPECT_EQ(plan.end_of_hours, Timestamp{day(2)} + 22h);
    EXPECT_THAT(text(plan.by_value), ElementsAre("0: 1-2", "2: 22-23"));
    range.step = 30min;
    const auto fine = plan_history({packed(0), packed(1), packed(2)}, range);
    EXPECT_THAT(fine.by_hour, IsEmpty());
    EXPECT_EQ(fine.by_value.size(), 3U);
}

TEST(HistoryPlan, ADayWithoutHistoryIsReadFromItsValues) {
    const MovedDay waiting{day(1), false, false, false};
    const auto plan = plan_history({packed(0), waiting}, whole(0, 1, 24h));
    EXPECT_THAT(plan.by_day, ElementsAre(day(0)));
    EXPECT_THAT(plan.by_hour, IsEmpty());
    EXPECT_THAT(text(plan.by_value), ElementsAre("1: 0-24"));
}

TEST(HistoryPlan, ADayThatIsPastCountsWhole) {
    auto range = whole(0, 0, 24h);
    range.start += 5h;
    EXPECT_THAT(plan_history({past(0, false)}, range).by_day, ElementsAre(day(0)));
    range.end -= 90min;
    range.step = 1h;
    const auto plan = plan_history({past(0)}, range);
    EXPECT_EQ(plan.first_hour, Timestamp{day(0)} + 5h);
    EXPECT_EQ(plan.end_of_hours, Timestamp{day(0)} + 23h);
    DayOfHours all;
    for (auto& hour : all) hour = {1, 2, 3, 2};
    all[7] = {};
    int taken = 0;
    for_hours(plan, day(0), all, [&](Timestamp, const HourRollup&) { ++taken; });
    EXPECT_EQ(taken, 17);
}

}  // namespace
}  // namespace chorus::store
