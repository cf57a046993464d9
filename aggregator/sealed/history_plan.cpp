#include "aggregator/sealed/history_plan.h"

#include <algorithm>

namespace chorus::store {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::sys_days;

// A packed day has no history while a host is waiting that an older version has packed.
constexpr Statement kMovedDays{"history_moved_days", R"sql(
WITH kept AS (
    SELECT coalesce(min(to_date(right(c.relname, 8), 'YYYYMMDD'))
                    FILTER (WHERE c.relname LIKE 'history_hours%'), 'infinity') AS hours,
           coalesce(min(to_date(right(c.relname, 8), 'YYYYMMDD'))
                    FILTER (WHERE c.relname LIKE 'history_days%'), 'infinity') AS days
    FROM pg_catalog.pg_inherits i
    JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent IN ('monitoring.history_hours'::regclass, 'monitoring.history_days'::regclass)
), moved AS (
    SELECT d.day, false AS past,
           NOT EXISTS (SELECT FROM monitoring.history_pending p WHERE p.day = d.day) AS complete
    FROM monitoring.sealed_days d
    WHERE d.day BETWEEN ($1 AT TIME ZONE 'UTC')::date AND ($2 AT TIME ZONE 'UTC')::date
    UNION ALL
    SELECT p.day, true, true
    FROM monitoring.history_past p
    WHERE p.day BETWEEN ($1 AT TIME ZONE 'UTC')::date AND ($2 AT TIME ZONE 'UTC')::date
)
SELECT m.day, m.past, m.complete AND m.day >= k.hours, m.complete AND m.day >= k.days
FROM moved m CROSS JOIN kept k
ORDER BY m.day
)sql"};

constexpr hours kDay{24};

bool is_whole(Timestamp begin, microseconds length, const HistoryRange& range) {
    return begin >= range.start && begin + length <= range.end + microseconds{1};
}
bool is_touched(Timestamp begin, microseconds length, const HistoryRange& range) {
    return begin <= range.end && begin + length > range.start;
}

// The hours of a packed day that do not come from history: those of which the range has a part.
void add_partial_hours(HistoryPlan& plan, sys_days day, const HistoryRange& range) {
    for (int hour = 0; hour < kHoursOfDay; ++hour) {
        const Timestamp begin = Timestamp{day} + hours{hour};
        if (is_touched(begin, hours{1}, range) && !is_whole(begin, hours{1}, range)) {
            plan.by_value.push_back({day, hour, hour + 1});
        }
    }
}

// Where the range begins or ends within an hour, that hour counts if its values are gone.
void set_hours(HistoryPlan& plan, const std::vector<MovedDay>& moved, const HistoryRange& range) {
    const auto counts = [&](Timestamp hour) {
        if (is_whole(hour, hours{1}, range)) return true;
        const auto day = std::chrono::floor<days>(hour);
        return std::ranges::any_of(
            moved, [&](const MovedDay& one) { return one.day == day && one.is_past; });
    };
    plan.first_hour = std::chrono::floor<hours>(range.start);
    if (!counts(plan.first_hour)) plan.first_hour += hours{1};
    plan.end_of_hours = std::chrono::floor<hours>(range.end);
    if (counts(plan.end_of_hours)) plan.end_of_hours += hours{1};
}

}  // namespace

std::vector<MovedDay> find_moved_days(Session& session, Timestamp first, Timestamp last) {
    std::vector<MovedDay> days;
    for (const auto row :
         session.execute(kMovedDays, Parameters{}.timestamp(first).timestamp(last))) {
        days.push_back({row.date(0), row.boolean(1), row.boolean(2), row.boolean(3)});
    }
    return days;
}

Tier tier_of(const std::vector<MovedDay>& days) {
    auto tier = Tier::raw;
    for (const auto& day : days) {
        if (day.is_past) tier = std::max(tier, day.has_hours ? Tier::hours : Tier::days);
    }
    return tier;
}

std::chrono::seconds least_step(Tier tier) {
    switch (tier) {
        case Tier::raw:
            return std::chrono::seconds{1};
        case Tier::hours:
            return hours{1};
        case Tier::days:
            break;
    }
    return kDay;
}

HistoryPlan plan_history(const std::vector<MovedDay>& moved, const HistoryRange& range) {
    const bool steps_of_days = range.step % kDay == hours{0};
    const bool steps_of_hours = range.step % hours{1} == hours{0};
    HistoryPlan plan;
    set_hours(plan, moved, range);
    for (const auto& day : moved) {
        const bool whole = is_whole(Timestamp{day.day}, kDay, range);
        if (steps_of_days && day.has_days && (whole || (day.is_past && !day.has_hours))) {
            plan.by_day.push_back(day.day);
        } else if (day.is_past) {
            plan.by_hour.push_back(day.day);
        } else if (steps_of_hours && day.has_hours) {
            plan.by_hour.push_back(day.day);
            add_partial_hours(plan, day.day, range);
        } else {
            plan.by_value.push_back({day.day, 0, kHoursOfDay});
        }
    }
    return plan;
}

void for_hours(const HistoryPlan& plan, sys_days day, const DayOfHours& all,
               const std::function<void(Timestamp, const HourRollup&)>& take) {
    for (int hour = 0; hour < kHoursOfDay; ++hour) {
        const Timestamp begin = Timestamp{day} + hours{hour};
        const auto& values = all[static_cast<std::size_t>(hour)];
        if (values.count == 0 || begin < plan.first_hour || begin >= plan.end_of_hours) continue;
        take(begin, values);
    }
}

}  // namespace chorus::store
