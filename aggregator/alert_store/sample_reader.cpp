#include "aggregator/alert_store/sample_reader.h"

#include <cmath>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace chorus::store {
namespace {

constexpr std::string_view kTable = "monitoring.system_batches";

// Of each batch one array: where the elements wanted lie close together, the slice that holds them
// all, which costs a fifth of picking them one by one; else those alone, of an array that is
// unpacked once (|| '{}').
constexpr std::string_view kMetricSamples = R"sql(
, wanted AS MATERIALIZED (
    SELECT * FROM unnest($10::int[], $11::int[], $12::int[]) AS g(layout_id, low, high)
), scattered AS MATERIALIZED (
    SELECT g.layout_id, array_agg(g.position ORDER BY g.n) AS positions
    FROM unnest($13::int[], $14::int[]) WITH ORDINALITY AS g(layout_id, position, n)
    GROUP BY g.layout_id
)
SELECT b.host_id, b.layout_id, b.ts, b.received_at,
       CASE WHEN s.positions IS NULL THEN b."values"[w.low:w.high]
            ELSE ARRAY(SELECT d.unpacked[u.position]
                       FROM (SELECT b."values" || '{}'::float8[] AS unpacked OFFSET 0) d,
                            unnest(s.positions) AS u(position)) END
FROM batches b
JOIN wanted w ON w.layout_id = b.layout_id
LEFT JOIN scattered s ON s.layout_id = b.layout_id
)sql";

// A slice may be so many times as long as what is wanted of it.
bool scattered(const std::vector<std::int32_t>& positions) {
    constexpr std::size_t kLongestSlice = 4;
    const auto slice = static_cast<std::size_t>(positions.back() - positions.front()) + 1;
    return slice > kLongestSlice * positions.size();
}

// $10 to $14.
void add_layouts(Parameters& parameters, const WantedPositions& wanted) {
    std::vector<std::int32_t> ids, low, high, scattered_ids, scattered_positions;
    for (const auto& [id, positions] : wanted) {
        ids.push_back(id);
        low.push_back(positions.front());
        high.push_back(positions.back());
        if (!scattered(positions)) continue;
        scattered_ids.insert(scattered_ids.end(), positions.size(), id);
        scattered_positions.insert(scattered_positions.end(), positions.begin(), positions.end());
    }
    parameters.int4_array(std::span{ids})
        .int4_array(std::span{low})
        .int4_array(std::span{high})
        .int4_array(std::span{scattered_ids})
        .int4_array(std::span{scattered_positions});
}

void append_wanted(const std::vector<std::int32_t>& positions, const std::vector<double>& given,
                   std::vector<double>& values) {
    if (scattered(positions)) {
        values.insert(values.end(), given.begin(), given.end());
        return;
    }
    for (const auto position : positions) {
        const auto at = static_cast<std::size_t>(position - positions.front());
        values.push_back(at < given.size() ? given[at] : std::nan(""));
    }
}

}  // namespace

std::vector<std::int32_t> SampleReader::layouts_in_use() {
    std::set<std::int32_t> layouts;
    if (scope_.ranges.empty()) return {};
    for (const auto row :
         session_.execute_once("SELECT DISTINCT layout_id FROM (" +
                                   batches_sql(scope_, kTable, "b.layout_id") + ") b",
                               scope_parameters(scope_))) {
        layouts.insert(row.int4(0));
    }
    sealed_.add_layouts(layouts);
    return {layouts.begin(), layouts.end()};
}

SampleRows SampleReader::samples(const WantedPositions& wanted) {
    SampleRows rows;
    if (scope_.ranges.empty() || wanted.empty()) return rows;
    auto parameters = scope_parameters(scope_);
    add_layouts(parameters, wanted);
    const auto batches =
        batches_sql(scope_, kTable, "b.host_id, b.layout_id, b.ts, b.received_at, b.\"values\"");
    const auto result = session_.execute_once(
        "WITH batches AS (" + batches + ")" + std::string{kMetricSamples}, parameters);
    const auto count = static_cast<std::size_t>(result.size());
    for (auto* column : {&rows.host_ids, &rows.layout_ids}) column->reserve(count);
    for (const auto row : result) {
        rows.host_ids.push_back(row.int4(0));
        rows.layout_ids.push_back(row.int4(1));
        rows.times.push_back(row.timestamp(2));
        rows.received.push_back(row.timestamp(3));
        rows.offsets.push_back(rows.values.size());
        append_wanted(wanted.at(row.int4(1)), row.float8_array(4), rows.values);
    }
    sealed_.add_samples(wanted, rows);
    return rows;
}

}  // namespace chorus::store
