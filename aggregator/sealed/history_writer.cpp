#include "aggregator/sealed/history_writer.h"

namespace chorus::store {
namespace {

constexpr std::string_view kHoursTarget =
    "monitoring.history_hours (day, series_id, host_id, hours)";

constexpr Statement kEnsure{"history_ensure_partitions", R"sql(
SELECT monitoring.ensure_history_partitions($1)
)sql"};

constexpr Statement kDropHours{"history_drop_hours", R"sql(
DELETE FROM monitoring.history_hours WHERE day = $1 AND host_id = $2 AND series_id = ANY ($3)
)sql"};

// $3 is the day's place in the month. Elements up to it that were not there become NULL.
constexpr Statement kSetDays{"history_set_days", R"sql(
INSERT INTO monitoring.history_days AS d
    (month, host_id, series_id, minimum, maximum, sum, counts)
SELECT $1, $2, s.series_id,
       array_fill(NULL::float8, ARRAY[$3::int - 1]) || s.minimum,
       array_fill(NULL::float8, ARRAY[$3::int - 1]) || s.maximum,
       array_fill(NULL::float8, ARRAY[$3::int - 1]) || s.sum,
       array_fill(NULL::int, ARRAY[$3::int - 1]) || s.count
FROM unnest($4::int[], $5::float8[], $6::float8[], $7::float8[], $8::int[])
    AS s (series_id, minimum, maximum, sum, count)
ON CONFLICT (series_id, host_id, month) DO UPDATE
SET minimum[$3] = excluded.minimum[$3], maximum[$3] = excluded.maximum[$3],
    sum[$3] = excluded.sum[$3], counts[$3] = excluded.counts[$3]
)sql"};

constexpr Statement kDone{"history_done", R"sql(
DELETE FROM monitoring.history_pending WHERE day = $1 AND host_id = $2
)sql"};

}  // namespace

void HistoryWriter::add(std::int32_t series_id, const PackedSeries& series,
                        const HourStarts& starts) {
    hours_.push_back(encode_hours(series, starts));
    const auto day = whole_day(decode_hours(hours_.back()));
    series_.push_back(series_id);
    minima_.push_back(day.minimum);
    maxima_.push_back(day.maximum);
    sums_.push_back(day.sum);
    counts_.push_back(static_cast<std::int32_t>(day.count));
}

void HistoryWriter::write_hours() {
    session_.execute(kDropHours, Parameters{}.date(day_).int4(host_id_).int4_array(
                                     std::span<const std::int32_t>{series_}));
    CopyIn rows{session_, kHoursTarget};
    for (std::size_t i = 0; i < series_.size(); ++i) {
        rows.row(Parameters{}.date(day_).int4(series_[i]).int4(host_id_).bytea(hours_[i]));
    }
    rows.finish();
}

void HistoryWriter::write_days() {
    const std::chrono::year_month_day date{day_};
    const std::chrono::sys_days month{date.year() / date.month() / 1};
    session_.execute(kSetDays, Parameters{}
                                   .date(month)
                                   .int4(host_id_)
                                   .int4(static_cast<std::int32_t>((day_ - month).count()) + 1)
                                   .int4_array(std::span<const std::int32_t>{series_})
                                   .float8_array(std::span<const double>{minima_})
                                   .float8_array(std::span<const double>{maxima_})
                                   .float8_array(std::span<const double>{sums_})
                                   .int4_array(std::span<const std::int32_t>{counts_}));
}

void HistoryWriter::flush() {
    if (series_.empty()) return;
    if (!ensured_) session_.execute(kEnsure, Parameters{}.date(day_));
    ensured_ = true;
    write_hours();
    write_days();
    series_.clear();
    hours_.clear();
    for (auto* values : {&minima_, &maxima_, &sums_}) values->clear();
    counts_.clear();
}

void HistoryWriter::finish() {
    session_.execute(kDone, Parameters{}.date(day_).int4(host_id_));
}

}  // namespace chorus::store
