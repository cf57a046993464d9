#include "aggregator/sealed/series_names.h"

namespace chorus::store {
namespace {

// Before anything is read: retention deletes series only while no transaction that packs is open.
constexpr const char* kLock = "LOCK TABLE monitoring.series IN ROW EXCLUSIVE MODE";

constexpr Statement kUse{"sealed_use_series", R"sql(
UPDATE monitoring.series s SET last_day = $2
FROM monitoring.layout_series e
WHERE e.layout_id = ANY ($1) AND s.series_id = e.series_id AND s.last_day < $2
)sql"};

constexpr Statement kAdd{"sealed_add_series", R"sql(
INSERT INTO monitoring.series (metric_type, label, unit, tags, last_day)
SELECT DISTINCT e.metric_type, e.label, e.unit, e.tags, $2::date
FROM monitoring.layout_entries e
WHERE e.layout_id = ANY ($1)
  AND NOT EXISTS (SELECT FROM monitoring.series s
                  WHERE s.metric_type = e.metric_type AND s.label = e.label AND s.unit = e.unit
                    AND hashtextextended(s.tags::text, 0) = hashtextextended(e.tags::text, 0))
ON CONFLICT DO NOTHING
)sql"};

constexpr Statement kFind{"sealed_series_of_layouts", R"sql(
SELECT layout_id, position, series_id
FROM monitoring.layout_series
WHERE layout_id = ANY ($1)
ORDER BY layout_id, position
)sql"};

}  // namespace

std::map<std::int32_t, LayoutSeries> series_of_layouts(Session& session,
                                                       std::span<const std::int32_t> layout_ids,
                                                       std::chrono::sys_days day) {
    std::map<std::int32_t, LayoutSeries> found;
    session.execute_script(kLock);
    for (const Statement& statement : {kUse, kAdd}) {
        session.execute(statement, Parameters{}.int4_array(layout_ids).date(day));
    }
    for (const auto row : session.execute(kFind, Parameters{}.int4_array(layout_ids))) {
        auto& series = found[row.int4(0)];
        series.resize(static_cast<std::size_t>(row.int4(1)));
        series.back() = row.int4(2);
    }
    return found;
}

}  // namespace chorus::store
