#include "aggregator/history/sent_metrics.h"

#include <span>

namespace chorus::store {
namespace {

constexpr Statement kSent{"metrics_sent_lately", R"sql(
SELECT wanted.name
FROM unnest($1::text[]) AS wanted(name)
WHERE EXISTS (
    SELECT FROM monitoring.layout_entries e
    JOIN monitoring.layouts l ON l.layout_id = e.layout_id
    WHERE e.metric_type = wanted.name
      AND l.last_used_day >= (now() AT TIME ZONE 'UTC')::date - 1)
)sql"};

}  // namespace

std::set<std::string> sent_lately(Session& session, const std::vector<std::string>& metric_types) {
    std::set<std::string> sent;
    if (metric_types.empty()) return sent;
    for (const auto row :
         session.execute(kSent, Parameters{}.text_array(std::span{metric_types}))) {
        sent.emplace(row.text(0));
    }
    return sent;
}

}  // namespace chorus::store
