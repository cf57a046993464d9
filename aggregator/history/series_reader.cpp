#include "aggregator/history/series_reader.h"

#include <algorithm>
#include <limits>
#include <map>

namespace chorus::store {
namespace {

using std::chrono::seconds;

constexpr Statement kWanted{"series_wanted", R"sql(
SELECT e.layout_id, e.position, e.metric_type, e.label, e.tags, e.unit
FROM monitoring.layout_entries e
WHERE e.metric_type = ANY ($1)
  AND ($2::text IS NULL OR e.label = $2)
)sql"};

// The values are picked below the grouping: see summary_reader.cpp.
constexpr const char* kBuckets = R"sql(
SELECT v.series, v.bucket, avg(v.value), min(v.value), max(v.value)
FROM (
    SELECT w.series, date_bin($5::interval, b.ts, '1970-01-01 00:00:00+00') AS bucket,
           b."values"[w.position] AS value
    FROM monitoring.system_batches b
    JOIN unnest($6::int[], $7::int[], $8::int[]) AS w(layout_id, position, series)
      ON w.layout_id = b.layout_id
    WHERE b.host_id = (SELECT host_id FROM monitoring.hosts WHERE hostname = $1)
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

// Which elements of which layouts belong to which column of the answer.
struct Wanted {
    std::vector<std::int32_t> layout_ids;
    std::vector<std::int32_t> positions;
    std::vector<std::int32_t> series;
};

Wanted read_wanted(Session& session, const SeriesQuery& query, std::vector<SeriesColumn>& columns) {
    std::map<std::pair<std::string, std::string>, std::int32_t> numbers;  // sorted as answered
    const auto rows = session.execute(
        kWanted, Parameters{}.text_array(std::span{query.metric_types}).text(query.label));
    for (const auto row : rows) {
        numbers.try_emplace({std::string{row.text(2)}, std::string{row.text(3)}}, 0);
    }
    std::int32_t next = 0;
    for (auto& [key, number] : numbers) {
        number = next++;
        columns.push_back({key.first, key.second, "{}", "", {}, {}, {}});
    }
    Wanted wanted;
    for (const auto row : rows) {
        const auto number = numbers.at({std::string{row.text(2)}, std::string{row.text(3)}});
        wanted.layout_ids.push_back(row.int4(0));
        wanted.positions.push_back(row.int4(1));
        wanted.series.push_back(number);
        columns[static_cast<std::size_t>(number)].tags_json = row.text(4);
        columns[static_cast<std::size_t>(number)].unit = row.text(5);
    }
    return wanted;
}

bool has_values(const SeriesColumn& column) {
    return std::any_of(column.average.begin(), column.average.end(),
                       [](double value) { return value == value; });
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
    return database_.read([&](Session& session) {
        SeriesAnswer answer;
        answer.step_seconds = step_seconds(query.start, query.end, query.max_points);
        const auto step = answer.step_seconds;
        const auto first = floor_seconds(query.start) / step;
        const auto last = floor_seconds(query.end) / step;
        for (auto i = first; i <= last; ++i) answer.times.push_back(i * step);

        const auto wanted = read_wanted(session, query, answer.series);
        const auto nan = std::numeric_limits<double>::quiet_NaN();
        for (auto& column : answer.series) {
            column.average.assign(answer.times.size(), nan);
            column.minimum.assign(answer.times.size(), nan);
            column.maximum.assign(answer.times.size(), nan);
        }
        const auto most = static_cast<std::int64_t>(answer.series.size() * answer.times.size());
        const auto rows =
            session.execute_once(kBuckets, Parameters{}
                                               .text(query.hostname)
                                               .timestamp(query.start)
                                               .timestamp(query.end)
                                               .int8(most)
                                               .interval(seconds{step})
                                               .int4_array(std::span{wanted.layout_ids})
                                               .int4_array(std::span{wanted.positions})
                                               .int4_array(std::span{wanted.series}));
        for (const auto row : rows) {
            auto& column = answer.series[static_cast<std::size_t>(row.int4(0))];
            const auto at =
                static_cast<std::size_t>(floor_seconds(row.timestamp(1)) / step - first);
            if (at >= answer.times.size()) continue;
            column.average[at] = row.float8(2);
            column.minimum[at] = row.float8(3);
            column.maximum[at] = row.float8(4);
        }
        // Layouts of other hosts may have labels that this one never had.
        std::erase_if(answer.series, [](const SeriesColumn& c) { return !has_values(c); });
        return answer;
    });
}

}  // namespace chorus::store
