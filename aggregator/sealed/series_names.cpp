#include "aggregator/sealed/series_names.h"

namespace chorus::store {
namespace {

constexpr Statement kAdd{"sealed_add_series", R"sql(
INSERT INTO monitoring.series (metric_type, label, unit, tags)
SELECT DISTINCT e.metric_type, e.label, e.unit, e.tags
FROM monitoring.layout_entries e
WHERE e.layout_id = ANY ($1)
  AND NOT EXISTS (SELECT FROM monitoring.series s
                  WHERE s.metric_type = e.metric_type AND s.label = e.label AND s.unit = e.unit
                    AND hashtextextended(s.tags::text, 0) = hashtextextended(e.tags::text, 0))
ON CONFLICT DO NOTHING
)sql"};

constexpr Statement kFind{"sealed_series_of_layouts", R"sql(
SELECT e.layout_id, e.position, s.series_id
FROM monitoring.layout_entries e
JOIN monitoring.series s
  ON s.metric_type = e.metric_type AND s.label = e.label AND s.unit = e.unit
 AND hashtextextended(s.tags::text, 0) = hashtextextended(e.tags::text, 0)
WHERE e.layout_id = ANY ($1)
ORDER BY e.layout_id, e.position
)sql"};

}  // namespace

std::map<std::int32_t, LayoutSeries> series_of_layouts(Session& session,
                                                       std::span<const std::int32_t> layout_ids) {
    std::map<std::int32_t, LayoutSeries> found;
    const auto ids = Parameters{}.int4_array(layout_ids);
    session.execute(kAdd, ids);
    for (const auto row : session.execute(kFind, ids)) {
        auto& series = found[row.int4(0)];
        series.resize(static_cast<std::size_t>(row.int4(1)));
        series.back() = row.int4(2);
    }
    return found;
}

}  // namespace chorus::store
