// Which of what is kept answers for which day of a range.
#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include "aggregator/postgres/session.h"
#include "aggregator/sealed/hour_codec.h"
#include "aggregator/sealed/sealed_reader.h"
#include "common/timestamp.h"

namespace chorus::store {

// A day that has moved.
struct MovedDay {
    std::chrono::sys_days day{};
    bool is_past = false;  // its values are gone
    bool has_hours = true;
    bool has_days = true;
};
// Of those that the range touches, both ends included, in order. To be called in a HistorySnapshot.
// Throws DatabaseError.
std::vector<MovedDay> find_moved_days(Session& session, Timestamp first, Timestamp last);

// What the oldest day of a range is known by.
enum class Tier { raw, hours, days };
Tier tier_of(const std::vector<MovedDay>& days);
// Steps are multiples of it.
std::chrono::seconds least_step(Tier tier);

struct HistoryRange {
    Timestamp start;            // inclusive
    Timestamp end;              // inclusive
    std::chrono::seconds step;  // buckets start at its multiples since 1970
};

// Each moved day, or each of its hours, is in one of the lists. What is past counts whole, also
// where the range has only a part of the hour or day.
struct HistoryPlan {
    std::vector<std::chrono::sys_days> by_day;
    std::vector<std::chrono::sys_days> by_hour;
    Timestamp first_hour, end_of_hours;  // of those days; the hours that begin before the latter
    std::vector<SealedHours> by_value;   // of days that are packed
};
// Takes what is cheapest and exact.
HistoryPlan plan_history(const std::vector<MovedDay>& days, const HistoryRange& range);

// Calls `take` with the begin of each hour of the day that counts and has a sample.
void for_hours(const HistoryPlan& plan, std::chrono::sys_days day, const DayOfHours& hours,
               const std::function<void(Timestamp, const HourRollup&)>& take);

}  // namespace chorus::store
