#include "aggregator/history/sent_metrics.h"

#include <span>

#include "common/batch/catalogue.h"
#include "common/edit_distance.h"
#include "common/text.h"

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

constexpr Statement kStoredName{"metric_stored", R"sql(
SELECT EXISTS (SELECT FROM monitoring.layout_entries WHERE metric_type = $1)
    OR EXISTS (SELECT FROM monitoring.series WHERE metric_type = $1)
)sql"};

constexpr Statement kStoredLabel{"label_stored", R"sql(
SELECT EXISTS (SELECT FROM monitoring.layout_entries WHERE metric_type = ANY ($1) AND label = $2)
    OR EXISTS (SELECT FROM monitoring.series WHERE metric_type = ANY ($1) AND label = $2)
)sql"};

// A chart is refused only if its metric is almost one of the catalogue: own names are free.
constexpr std::size_t kMostTypingErrors = 2;

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

std::optional<std::string> nearest_metric(const std::string& metric_type) {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> all;
        for (const auto& info : metric_catalogue()) all.emplace_back(info.metric_type);
        return all;
    }();
    return nearest(metric_type, names);
}

std::optional<MisspeltMetric> find_misspelt(Database& database,
                                            const std::vector<std::string>& metric_types) {
    for (const auto& name : metric_types) {
        if (find_metric(name) != nullptr) continue;
        const auto near = nearest_metric(name);
        if (!near || edit_distance(name, *near) > kMostTypingErrors) continue;
        const bool stored = database.read([&](Session& session) {
            return session.execute(kStoredName, Parameters{}.text(name))[0].boolean(0);
        });
        if (!stored) return MisspeltMetric{name, *near};
    }
    return std::nullopt;
}

bool has_label(Database& database, const std::vector<std::string>& metric_types,
               const std::string& label) {
    return database.read([&](Session& session) {
        const auto names = Parameters{}.text_array(std::span{metric_types}).text(label);
        return session.execute(kStoredLabel, names)[0].boolean(0);
    });
}

}  // namespace chorus::store
