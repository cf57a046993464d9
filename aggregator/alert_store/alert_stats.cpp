#include "aggregator/alert_store/alert_stats.h"

namespace chorus::store {
namespace {

constexpr Statement kStats{"alert_stats", R"sql(
SELECT count(*),
       count(*) FILTER (WHERE status = 'active'),
       count(*) FILTER (WHERE status = 'acknowledged'),
       count(*) FILTER (WHERE status = 'resolved'),
       count(*) FILTER (WHERE status = 'suppressed'),
       count(*) FILTER (WHERE severity = 'critical'),
       count(*) FILTER (WHERE severity = 'high'),
       count(*) FILTER (WHERE severity = 'medium'),
       count(*) FILTER (WHERE severity = 'low'),
       count(*) FILTER (WHERE severity = 'info'),
       count(*) FILTER (WHERE status = 'active' AND severity = 'critical'),
       count(*) FILTER (WHERE status = 'active' AND severity = 'high'),
       count(*) FILTER (WHERE status = 'active' AND severity = 'medium'),
       count(*) FILTER (WHERE status = 'active' AND severity = 'low'),
       count(*) FILTER (WHERE status = 'active' AND severity = 'info')
FROM monitoring.alerts
)sql"};

}  // namespace

AlertStats read_alert_stats(Database& database) {
    return database.read([](Session& session) {
        const auto rows = session.execute(kStats);
        const auto row = rows[0];
        AlertStats stats;
        stats.total = row.int8(0);
        stats.active = row.int8(1);
        stats.acknowledged = row.int8(2);
        stats.resolved = row.int8(3);
        stats.suppressed = row.int8(4);
        for (std::size_t i = 0; i < stats.by_severity.size(); ++i) {
            stats.by_severity[i] = row.int8(static_cast<int>(5 + i));
            stats.active_by_severity[i] = row.int8(static_cast<int>(10 + i));
        }
        return stats;
    });
}

}  // namespace chorus::store
