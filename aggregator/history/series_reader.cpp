#include "aggregator/history/series_reader.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "aggregator/history/sealed_series.h"
#include "aggregator/sealed/history_snapshot.h"

namespace chorus::store {
namespace {

using std::chrono::seconds;

// Besides, in each row, the host and whether the range may reach into days that have moved: the
// newest 24 hours have not.
constexpr Statement kWanted{"series_wanted", R"sql(
SELECT e.layout_id, e.position, e.metric_type, e.label, e.tags, e.unit,
       (SELECT host_id FROM monitoring.hosts WHERE hostname = $3),
       $4 < now() - interval '24 hours'
FROM monitoring.layout_entries e
WHERE e.metric_type = ANY ($1)
  AND ($2::text IS NULL OR e.label = $2)
)sql"};

// The values are picked below the grouping: see summary_reader.cpp.
constexpr const char* kBuckets = R"sql(
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

std::int64_t floor_seconds(Timestamp time) {
    return std::chrono::floor<seconds>(time).time_since_epoch().count();
}

bool has_values(const SeriesColumn& column) {
    return std::any_of(column.average.begin(), column.average.end(),
                       [](double value) { return value == value; });
}

// Gathers the buckets of one chart from the rows of system_batches and from packed days.
class Chart {
  public:
    Chart(Session& session, const SeriesQuery& query);
    SeriesAnswer read();

  private:
    // Sum and bounds of one step of one column.
    struct Bucket {
        HourRollup values;
        void add(const HourRollup& more);
    };
    // The column, and whether it is new.
    std::pair<std::size_t, bool> column_of(std::string_view metric_type, std::string_view label);
    void add(std::size_t column, std::int64_t bucket, const HourRollup& values);
    bool read_wanted();
    void read_stored();
    void read_packed();

    Session& session_;
    const SeriesQuery& query_;
    SeriesAnswer answer_;
    std::int64_t first_ = 0;  // bucket
    std::map<std::pair<std::string, std::string>, std::size_t> columns_;
    std::vector<std::vector<Bucket>> buckets_;  // by column

    std::int32_t host_id_ = 0;
    bool may_be_packed_ = false;
    std::vector<std::int32_t> layout_ids_, positions_, series_;  // of each entry wanted
};

Chart::Chart(Session& session, const SeriesQuery& query) : session_(session), query_(query) {
    const auto step = step_seconds(query.start, query.end, query.max_points);
    answer_.step_seconds = step;
    first_ = floor_seconds(query.start) / step;
    const auto last = floor_seconds(query.end) / step;
    for (auto i = first_; i <= last; ++i) answer_.times.push_back(i * step);
}

std::pair<std::size_t, bool> Chart::column_of(std::string_view metric_type,
                                              std::string_view label) {
    const auto [at, is_new] =
        columns_.try_emplace({std::string{metric_type}, std::string{label}}, answer_.series.size());
    if (is_new) answer_.series.push_back({at->first.first, at->first.second, {}, {}, {}, {}, {}});
    return {at->second, is_new};
}

void Chart::Bucket::add(const HourRollup& more) {
    const bool empty = values.count == 0;
    values.minimum = empty ? more.minimum : std::min(values.minimum, more.minimum);
    values.maximum = empty ? more.maximum : std::max(values.maximum, more.maximum);
    values.sum += more.sum;
    values.count += more.count;
}

void Chart::add(std::size_t column, std::int64_t bucket, const HourRollup& values) {
    const auto at = static_cast<std::size_t>(bucket - first_);
    if (at >= answer_.times.size()) return;
    if (buckets_.size() <= column) buckets_.resize(answer_.series.size());
    if (buckets_[column].empty()) buckets_[column].resize(answer_.times.size());
    buckets_[column][at].add(values);
}

// False if nothing can be there.
bool Chart::read_wanted() {
    for (const auto row : session_.execute(kWanted, Parameters{}
                                                        .text_array(std::span{query_.metric_types})
                                                        .text(query_.label)
                                                        .text(query_.hostname)
                                                        .timestamp(query_.start))) {
        if (row.is_null(6)) return false;
        host_id_ = row.int4(6);
        may_be_packed_ = row.boolean(7);
        layout_ids_.push_back(row.int4(0));
        positions_.push_back(row.int4(1));
        const auto column = column_of(row.text(2), row.text(3)).first;
        answer_.series[column].tags_json = row.text(4);
        answer_.series[column].unit = row.text(5);
        series_.push_back(static_cast<std::int32_t>(column));
    }
    return !layout_ids_.empty();
}

void Chart::read_stored() {
    const seconds step{answer_.step_seconds};
    const auto most = answer_.series.size() * answer_.times.size();
    for (const auto row : session_.execute_once(kBuckets, Parameters{}
                                                              .int4(host_id_)
                                                              .timestamp(query_.start)
                                                              .timestamp(query_.end)
                                                              .int8(static_cast<std::int64_t>(most))
                                                              .interval(step)
                                                              .int4_array(std::span{layout_ids_})
                                                              .int4_array(std::span{positions_})
                                                              .int4_array(std::span{series_}))) {
        add(static_cast<std::size_t>(row.int4(0)), floor_seconds(row.timestamp(1)) / step.count(),
            {row.float8(4), row.float8(5), row.float8(2), row.int8(3)});
    }
}

void Chart::read_packed() {
    const SealedRange range{host_id_,     query_.metric_types, query_.label,
                            query_.start, query_.end,          seconds{answer_.step_seconds}};
    std::map<std::int32_t, std::size_t> columns;
    read_sealed(session_, range, [&](const SealedPiece& piece) {
        const auto& name = piece.series;
        auto found = columns.find(name.series_id);
        if (found == columns.end()) {
            const auto [column, is_new] = column_of(name.metric_type, name.label);
            if (is_new) {
                answer_.series[column].tags_json = name.tags_json;
                answer_.series[column].unit = name.unit;
            }
            found = columns.emplace(name.series_id, column).first;
        }
        add(found->second, piece.bucket, piece.values);
    });
}

SeriesAnswer Chart::read() {
    if (read_wanted()) {
        std::optional<HistorySnapshot> snapshot;
        if (may_be_packed_) {
            snapshot.emplace(session_);
            read_packed();
        }
        read_stored();
    }
    const auto nan = std::numeric_limits<double>::quiet_NaN();
    buckets_.resize(answer_.series.size());
    for (std::size_t c = 0; c < answer_.series.size(); ++c) {
        auto& column = answer_.series[c];
        for (const auto& [values] : buckets_[c]) {
            const bool known = values.count > 0;
            column.average.push_back(known ? values.sum / static_cast<double>(values.count) : nan);
            column.minimum.push_back(known ? values.minimum : nan);
            column.maximum.push_back(known ? values.maximum : nan);
        }
    }
    // Other hosts may have labels that this one never had.
    std::erase_if(answer_.series, [](const SeriesColumn& c) { return !has_values(c); });
    std::ranges::sort(answer_.series, {},
                      [](const SeriesColumn& c) { return std::tie(c.metric_type, c.label); });
    return std::move(answer_);
}

}  // namespace

std::int64_t step_seconds(Timestamp start, Timestamp end, int max_points) {
    const auto first = floor_seconds(start);
    const auto last = floor_seconds(end);
    const auto points = [&](std::int64_t step) { return last / step - first / step + 1; };
    for (const auto step : kSteps) {
        if (points(step) <= max_points) return step;
    }
    auto step = kSteps[std::size(kSteps) - 1];
    while (points(step) > max_points && step < last) step *= 2;
    return step;
}

SeriesAnswer SeriesReader::read(const SeriesQuery& query) const {
    return database_.read([&](Session& session) { return Chart{session, query}.read(); });
}

}  // namespace chorus::store
