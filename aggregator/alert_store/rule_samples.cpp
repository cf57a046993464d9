#include "aggregator/alert_store/rule_samples.h"

#include <algorithm>

#include "aggregator/alert_store/sealed_samples.h"
#include "aggregator/sealed/history_snapshot.h"

namespace chorus::store {
namespace {

constexpr Statement kHosts{"rule_hosts", R"sql(
SELECT host_id, hostname, labels, thresholds, interval_seconds, first_seen, last_seen,
       coalesce(clock_skew_ms, 0), held_back_at, timed_by_receipt, clone_hostname, clone_refused_at
FROM monitoring.hosts
ORDER BY host_id
)sql"};

constexpr Statement kServices{"rule_services", R"sql(
SELECT s.name, s.status, s.response_time_ms, s.error_message, s.last_checked,
       coalesce(s.heard_at, s.last_checked), coalesce(s.interval_seconds, 60),
       coalesce(a.hostname, '')
FROM monitoring.services s
LEFT JOIN monitoring.agent_services a ON a.service_id = s.service_id
WHERE s.host_id IS NULL OR NOT a.is_gone
ORDER BY s.name
)sql"};

constexpr const char* kPastService = R"sql(
SELECT s.name,
       CASE c.status WHEN 0 THEN 'healthy' WHEN 1 THEN 'unhealthy' ELSE 'timeout' END,
       c.response_time_ms, c.error_message, c.ts, c.ts, coalesce(s.interval_seconds, 60),
       coalesce(a.hostname, '')
FROM monitoring.services s
JOIN monitoring.service_checks c ON c.service_id = s.service_id
LEFT JOIN monitoring.agent_services a ON a.service_id = s.service_id
WHERE s.name = $1 AND c.ts > $2 AND c.ts <= $3
ORDER BY c.ts
)sql";

// A batch is looked for a day around, because rows lie by the host's own time.
constexpr std::chrono::days kAround{1};
constexpr const char* kReceipts = R"sql(
SELECT received_at FROM monitoring.system_batches
WHERE host_id = $1 AND ts > $2 - interval '1 day' AND ts <= $3 + interval '1 day'
  AND received_at > $2 AND received_at <= $3
)sql";

constexpr const char* kEntries = R"sql(
SELECT e.layout_id, e.position, e.metric_type, e.label, e.tags, e.unit
FROM unnest($2::int[]) AS l(layout_id) JOIN monitoring.layout_entries e USING (layout_id)
WHERE e.metric_type = ANY ($1)
ORDER BY e.layout_id, e.position
)sql";

std::vector<RuleService> services_of(const Result& rows) {
    std::vector<RuleService> services;
    for (const auto row : rows) {
        services.push_back({std::string{row.text(0)}, std::string{row.text(1)},
                            row.optional_int4(2), row.optional_text(3), row.timestamp(4),
                            row.timestamp(5), row.float8(6), std::string{row.text(7)}});
    }
    return services;
}

}  // namespace

std::vector<RuleHost> read_rule_hosts(Session& session) {
    std::vector<RuleHost> hosts;
    for (const auto row : session.execute(kHosts)) {
        const std::chrono::milliseconds skew{row.int8(7)};
        RuleHost host{row.int4(0),
                      std::string{row.text(1)},
                      std::string{row.text(2)},
                      std::string{row.text(3)},
                      row.float8(4),
                      row.timestamp(5),
                      row.timestamp(6),
                      skew,
                      row.optional_timestamp(8)};
        if (row.boolean(9)) {
            host.skew = {};
            host.clock_skew = skew;
        }
        if (!row.is_null(10)) host.clone_hostname = row.text(10);
        host.clone_refused_at = row.optional_timestamp(11);
        hosts.push_back(std::move(host));
    }
    return hosts;
}

std::vector<RuleService> read_rule_services(Session& session) {
    return services_of(session.execute(kServices));
}

std::vector<RuleService> read_past_service(Session& session, const std::string& name,
                                           const TimeRange& range) {
    return services_of(session.execute_once(
        kPastService, Parameters{}.text(name).timestamp(range.from).timestamp(range.to)));
}

std::vector<Timestamp> read_receipts(Session& session, std::int32_t host_id,
                                     const TimeRange& range) {
    const SampleScope scope{{range}, kAround, kAround, {}, host_id};
    const HistorySnapshot snapshot{session};
    std::vector<Timestamp> times;
    SealedSamples{session, scope}.add_receipts(times);
    for (const auto row : session.execute_once(
             kReceipts, Parameters{}.int4(host_id).timestamp(range.from).timestamp(range.to))) {
        times.push_back(row.timestamp(0));
    }
    std::ranges::sort(times);
    return times;
}

std::vector<WantedEntry> read_wanted_entries(Session& session,
                                             const std::vector<std::string>& metric_types,
                                             const std::vector<std::int32_t>& layouts) {
    std::vector<WantedEntry> entries;
    if (layouts.empty()) return entries;
    for (const auto row : session.execute_once(
             kEntries,
             Parameters{}.text_array(std::span{metric_types}).int4_array(std::span{layouts}))) {
        entries.push_back({row.int4(0), row.int4(1), std::string{row.text(2)},
                           std::string{row.text(3)}, std::string{row.text(4)},
                           std::string{row.text(5)}});
    }
    return entries;
}

}  // namespace chorus::store
