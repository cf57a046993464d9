#include "aggregator/sealed/history_reader.h"

#include <algorithm>

namespace chorus::store {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::size_t kRowsAtATime = 50'000;

constexpr Statement kNames{"history_series_names", R"sql(
SELECT series_id, metric_type, label, unit, tags
FROM monitoring.series
WHERE metric_type = ANY ($1) AND ($2::text IS NULL OR label = $2)
)sql"};

// Both planned anew for each call, so that only the partitions of the range are looked at.
constexpr const char* kHistoryHours = R"sql(
SELECT h.host_id, h.series_id, h.day, h.hours
FROM monitoring.history_hours h
WHERE h.series_id = ANY ($1) AND h.host_id = ANY ($2) AND h.day BETWEEN $3 AND $4
)sql";
constexpr const char* kHistoryDays = R"sql(
SELECT d.host_id, d.series_id, d.month, d.minimum, d.maximum, d.sum, d.counts
FROM monitoring.history_days d
WHERE d.series_id = ANY ($1) AND d.host_id = ANY ($2) AND d.month BETWEEN $3 AND $4
)sql";

sys_days month_of(sys_days day) {
    const year_month_day date{day};
    return date.year() / date.month() / 1;
}

// Calls `read` with the first and the last day of each part of `list` that is read at a time.
template <typename Read>
void in_parts(const std::vector<sys_days>& list, const HistorySeries& wanted,
              const AnswerTime& time, std::size_t days_of_row, Read read) {
    const auto of_day = std::max<std::size_t>(1, wanted.series_ids.size() * wanted.host_ids.size());
    const auto at_once = std::max<std::size_t>(1, kRowsAtATime / of_day) * days_of_row;
    for (std::size_t from = 0; from < list.size();) {
        const auto limit =
            list[from] + days{static_cast<int>(std::min<std::size_t>(at_once, 4'000))};
        auto end = from;
        while (end < list.size() && list[end] < limit) ++end;
        time.check();
        read(list[from], list[end - 1]);
        from = end;
    }
}

Parameters key_of(const HistorySeries& wanted, sys_days first, sys_days last) {
    return Parameters{}
        .int4_array(std::span{wanted.series_ids})
        .int4_array(std::span{wanted.host_ids})
        .date(first)
        .date(last);
}

bool contains(const std::vector<sys_days>& list, sys_days day) {
    return std::binary_search(list.begin(), list.end(), day);
}

}  // namespace

std::vector<SeriesName> find_series(Session& session, const std::vector<std::string>& metric_types,
                                    const std::optional<std::string>& label) {
    std::vector<SeriesName> names;
    for (const auto row :
         session.execute(kNames, Parameters{}.text_array(std::span{metric_types}).text(label))) {
        names.push_back({row.int4(0), std::string{row.text(1)}, std::string{row.text(2)},
                         std::string{row.text(3)}, std::string{row.text(4)}});
    }
    return names;
}

void read_history_hours(Session& session, const HistorySeries& wanted,
                        const std::vector<sys_days>& list, const AnswerTime& time,
                        const TakeHours& take, OnDamage on_damage) {
    in_parts(list, wanted, time, 1, [&](sys_days first, sys_days last) {
        for (const auto row : session.execute_once(kHistoryHours, key_of(wanted, first, last))) {
            const auto day = row.date(2);
            if (!contains(list, day)) continue;
            read_packed_row(session, {row.int4(0), day, row.int4(1)}, on_damage, [&] {
                take(row.int4(0), row.int4(1), day, decode_hours(row.bytea(3)));
            });
        }
    });
}

void read_history_days(Session& session, const HistorySeries& wanted,
                       const std::vector<sys_days>& list, const AnswerTime& time,
                       const TakeDay& take, OnDamage on_damage) {
    in_parts(list, wanted, time, 28, [&](sys_days first, sys_days last) {
        for (const auto row :
             session.execute_once(kHistoryDays, key_of(wanted, month_of(first), month_of(last)))) {
            const auto month = row.date(2);
            const auto minima = row.float8_array(3), maxima = row.float8_array(4),
                       sums = row.float8_array(5);
            const auto counts = row.int8_array(6);
            if (minima.size() != counts.size() || maxima.size() != counts.size() ||
                sums.size() != counts.size()) {
                handle_damage(session, {row.int4(0), month, row.int4(1)}, on_damage);
                continue;
            }
            for (std::size_t i = 0; i < counts.size(); ++i) {
                const auto day = month + days{static_cast<int>(i)};
                if (!counts[i] || day < first || day > last || !contains(list, day)) continue;
                take(row.int4(0), row.int4(1), day, {minima[i], maxima[i], sums[i], *counts[i]});
            }
        }
    });
}

}  // namespace chorus::store
