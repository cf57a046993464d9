#include "aggregator/history/series_reader.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>

#include "aggregator/history/chart_buckets.h"
#include "aggregator/history/sealed_series.h"
#include "aggregator/sealed/history_reader.h"
#include "aggregator/sealed/history_snapshot.h"

namespace chorus::store {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using std::chrono::sys_days;

// Besides, in each row, the host and whether the range may reach into days that have moved: the
// newest 24 hours have not. One row at least, if there is that host.
constexpr Statement kWanted{"series_wanted", R"sql(
SELECT e.layout_id, e.position, e.metric_type, e.label, e.tags, e.unit, h.host_id,
       $4 < now() - interval '24 hours'
FROM monitoring.hosts h
LEFT JOIN monitoring.layout_entries e
  ON e.metric_type = ANY ($1)
 AND ($2::text IS NULL OR e.label = $2)
WHERE h.hostname = $3
)sql"};

// The values are picked below the grouping: see summary_reader.cpp.
constexpr const char* kHotBuckets = R"sql(
SELECT v.series, v.bucket, sum(v.value), count(v.value), min(v.value), max(v.value)
FROM (
    SELECT w.series, date_bin($5::interval, b.ts, '1970-01-01 00:00:00+00') AS bucket,
           b."values"[w.position] AS value
    FROM monitoring.system_batches b
    JOIN unnest($6::int[], $7::int[], $8::int[]) AS w(layout_id, position, series)
      ON w.layout_id = b.layout_id
    WHERE b.host_id = $1
      AND b.ts BETWEEN $2 AND $3
    OFFSET 0) v
WHERE v.value IS NOT NULL
GROUP BY v.series, v.bucket
LIMIT $4
)sql";

constexpr std::int64_t kSteps[] = {1,     2,     5,     10,    15,     30,     60,
                                   120,   300,   600,   900,   1800,   3600,   7200,
                                   10800, 21600, 43200, 86400, 172800, 604800, 2592000};

// Gathers the buckets of one chart from the rows of system_batches, from packed days, and from what
// is kept for years.
class Chart {
  public:
    Chart(Session& session, const SeriesQuery& query) : session_(session), query_(query) {}
    SeriesAnswer read();

  private:
    // Who asks for one metric is told that it is damaged.
    OnDamage on_damage() const {
        return query_.metric_types.size() == 1 ? OnDamage::fail : OnDamage::skip;
    }
    bool read_wanted();
    void set_steps(Tier tier);
    void read_stored();
    void read_packed(Timestamp start, Timestamp end);
    void read_moved(const std::vector<MovedDay>& days);
    void read_history(const HistoryPlan& plan);
    std::size_t column_of(const SeriesName& name);

    Session& session_;
    const SeriesQuery& query_;
    const AnswerTime time_;
    ChartBuckets buckets_;

    std::int32_t host_id_ = 0;
    bool may_be_packed_ = false;
    std::vector<std::int32_t> layout_ids_, positions_, series_;  // of each entry wanted
};

// False if there is no such host.
bool Chart::read_wanted() {
    bool is_known = false;
    for (const auto row : session_.execute(kWanted, Parameters{}
                                                        .text_array(std::span{query_.metric_types})
                                                        .text(query_.label)
                                                        .text(query_.hostname)
                                                        .timestamp(query_.start))) {
        is_known = true;
        host_id_ = row.int4(6);
        may_be_packed_ = row.boolean(7);
        if (row.is_null(0)) continue;
        layout_ids_.push_back(row.int4(0));
        positions_.push_back(row.int4(1));
        const auto column = buckets_.column(row.text(2), row.text(3));
        buckets_[column].tags_json = row.text(4);
        buckets_[column].unit = row.text(5);
        series_.push_back(static_cast<std::int32_t>(column));
    }
    return is_known;
}

void Chart::set_steps(Tier tier) {
    buckets_.set_steps(
        query_.start, query_.end,
        step_seconds(query_.start, query_.end, query_.max_points, least_step(tier).count()));
}

void Chart::read_stored() {
    if (layout_ids_.empty()) return;
    const seconds step{buckets_.step_seconds()};
    const auto most = buckets_.columns() * buckets_.points();
    for (const auto row :
         session_.execute_once(kHotBuckets, Parameters{}
                                                .int4(host_id_)
                                                .timestamp(query_.start)
                                                .timestamp(query_.end)
                                                .int8(static_cast<std::int64_t>(most))
                                                .interval(step)
                                                .int4_array(std::span{layout_ids_})
                                                .int4_array(std::span{positions_})
                                                .int4_array(std::span{series_}))) {
        buckets_.add(static_cast<std::size_t>(row.int4(0)), buckets_.bucket_of(row.timestamp(1)),
                     {row.float8(4), row.float8(5), row.float8(2), row.int8(3)});
    }
}

std::size_t Chart::column_of(const SeriesName& name) {
    const auto known = buckets_.columns();
    const auto column = buckets_.column(name.metric_type, name.label);
    if (column == known) {
        buckets_[column].tags_json = name.tags_json;
        buckets_[column].unit = name.unit;
    }
    return column;
}

void Chart::read_packed(Timestamp start, Timestamp end) {
    const SealedRange range{
        host_id_,   query_.metric_types, query_.label, start, end, seconds{buckets_.step_seconds()},
        on_damage()};
    std::map<std::int32_t, std::size_t> columns;
    read_sealed(session_, range, [&](const SealedPiece& piece) {
        const auto& name = piece.series;
        auto found = columns.find(name.series_id);
        if (found == columns.end()) {
            const auto column = column_of(
                {name.series_id, name.metric_type, name.label, name.unit, name.tags_json});
            found = columns.emplace(name.series_id, column).first;
        }
        buckets_.add(found->second, piece.bucket, piece.values);
    });
}

void Chart::read_history(const HistoryPlan& plan) {
    std::map<std::int32_t, std::size_t> columns;
    HistorySeries wanted{{}, {host_id_}};
    for (const auto& name : find_series(session_, query_.metric_types, query_.label)) {
        columns.emplace(name.series_id, column_of(name));
        wanted.series_ids.push_back(name.series_id);
    }
    if (columns.empty()) return;
    read_history_days(
        session_, wanted, plan.by_day, time_,
        [&](std::int32_t, std::int32_t series, sys_days day, const HourRollup& all) {
            buckets_.add(columns.at(series), buckets_.bucket_of(day), all);
        },
        on_damage());
    read_history_hours(
        session_, wanted, plan.by_hour, time_,
        [&](std::int32_t, std::int32_t series, sys_days day, const DayOfHours& all) {
            for_hours(plan, day, all, [&](Timestamp begin, const HourRollup& hour) {
                buckets_.add(columns.at(series), buckets_.bucket_of(begin), hour);
            });
        },
        on_damage());
}

// What is packed is read part after part at once, where nothing between comes from history.
void Chart::read_moved(const std::vector<MovedDay>& days) {
    const auto plan =
        plan_history(days, {query_.start, query_.end, seconds{buckets_.step_seconds()}});
    if (!plan.by_day.empty() || !plan.by_hour.empty()) read_history(plan);
    const auto begin = [](const SealedHours& part) {
        return Timestamp{part.day} + hours{part.first};
    };
    const auto end = [](const SealedHours& part) { return Timestamp{part.day} + hours{part.last}; };
    for (auto run = plan.by_value.begin(); run != plan.by_value.end();) {
        auto last = run;
        while (std::next(last) != plan.by_value.end() && begin(*std::next(last)) == end(*last))
            ++last;
        read_packed(std::max(query_.start, begin(*run)),
                    std::min(query_.end, end(*last) - std::chrono::microseconds{1}));
        run = std::next(last);
    }
}

SeriesAnswer Chart::read() {
    const bool is_known = read_wanted();
    std::optional<HistorySnapshot> snapshot;
    std::vector<MovedDay> days;
    if (is_known && may_be_packed_) {
        snapshot.emplace(session_);
        days = find_moved_days(session_, query_.start, query_.end);
    }
    const auto tier = tier_of(days);
    set_steps(tier);
    if (!days.empty()) read_moved(days);
    if (is_known) read_stored();
    auto answer = buckets_.finish();
    answer.tier = tier;
    return answer;
}

}  // namespace

std::int64_t step_seconds(Timestamp start, Timestamp end, int max_points, std::int64_t least) {
    const auto first = to_unix_seconds(start);
    const auto last = to_unix_seconds(end);
    const auto points = [&](std::int64_t step) { return last / step - first / step + 1; };
    for (const auto step : kSteps) {
        if (step >= least && points(step) <= max_points) return step;
    }
    auto step = kSteps[std::size(kSteps) - 1];
    while (points(step) > max_points && step < last) step *= 2;
    return step;
}

SeriesAnswer SeriesReader::read(const SeriesQuery& query) const {
    return database_.read([&](Session& session) { return Chart{session, query}.read(); });
}

}  // namespace chorus::store
