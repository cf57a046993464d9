#include "aggregator/history/host_reader.h"

#include <algorithm>

#include "common/json_writer.h"

namespace chorus::store {
namespace {

constexpr const char* kFindHosts = R"sql(
SELECT host_id, hostname, agent_id, agent_version, interval_seconds, os, kernel, cpu_model,
       cpu_count, memory_total_bytes, boot_time, labels, clock_skew_ms, first_seen, last_seen,
       thresholds, wanted_interval_seconds, timed_by_receipt
FROM monitoring.hosts
WHERE ($1::text IS NULL OR hostname = $1)
  AND ($2::text IS NULL OR position(lower($2) IN lower(hostname)) > 0)
  AND NOT EXISTS (SELECT FROM jsonb_array_elements($3) wanted WHERE NOT labels @> wanted)
ORDER BY hostname
)sql";

constexpr Statement kHostByName{"host_by_name", R"sql(
SELECT FROM monitoring.hosts WHERE hostname = $1
)sql"};

constexpr const char* kLastSeen = R"sql(
SELECT hostname FROM monitoring.hosts ORDER BY last_seen DESC, host_id LIMIT 1
)sql";

HostRow read_host(const Row& row, Timestamp now) {
    HostRow host;
    host.host_id = row.int4(0);
    host.hostname = row.text(1);
    host.agent_id = row.optional_uuid(2);
    host.agent_version = row.text(3);
    host.interval_seconds = row.float8(4);
    host.os = row.text(5);
    host.kernel = row.text(6);
    host.cpu_model = row.text(7);
    host.cpu_count = row.optional_int8(8);
    host.memory_total_bytes = row.optional_int8(9);
    host.boot_time = row.optional_timestamp(10);
    host.labels_json = row.text(11);
    host.clock_skew_ms = row.optional_int8(12);
    host.first_seen = row.timestamp(13);
    host.last_seen = row.timestamp(14);
    host.thresholds_json = row.text(15);
    host.requested_interval_seconds = row.optional_float8(16);
    host.timed_by_receipt = row.boolean(17);
    host.status = host_status(host.last_seen, host.interval_seconds, now);
    return host;
}

// An array of objects with one member each, so that a label may be asked for twice.
std::string labels_json(const HostQuery& query) {
    JsonWriter out;
    out.begin_array();
    for (const auto& [name, value] : query.labels) {
        out.begin_object().field(name, value).end_object();
    }
    return out.end_array().take();
}

std::vector<HostRow> read_hosts(Database& database, const std::optional<std::string>& hostname,
                                const HostQuery& query, Timestamp now) {
    const auto wanted = [&](HostStatus status) {
        return query.statuses.empty() || std::find(query.statuses.begin(), query.statuses.end(),
                                                   status) != query.statuses.end();
    };
    return database.read([&](Session& session) {
        std::vector<HostRow> hosts;
        for (const auto row : session.execute_once(
                 kFindHosts,
                 Parameters{}.text(hostname).text(query.text).json(labels_json(query)))) {
            auto host = read_host(row, now);
            if (wanted(host.status)) hosts.push_back(std::move(host));
        }
        return hosts;
    });
}

}  // namespace

std::string_view to_string(HostStatus status) {
    switch (status) {
        case HostStatus::up:
            return "up";
        case HostStatus::stale:
            return "stale";
        case HostStatus::down:
            return "down";
    }
    return "down";
}

HostStatus host_status(Timestamp last_seen, double interval_seconds, Timestamp now) {
    const double silent = std::chrono::duration<double>(now - last_seen).count();
    if (silent <= 3 * interval_seconds) return HostStatus::up;
    return silent <= 10 * interval_seconds ? HostStatus::stale : HostStatus::down;
}

std::vector<HostRow> HostReader::list(const HostQuery& query) const {
    return read_hosts(database_, std::nullopt, query, clock_.now());
}

bool HostReader::contains(const std::string& hostname) const {
    return database_.read([&](Session& session) {
        return !session.execute(kHostByName, Parameters{}.text(hostname)).empty();
    });
}

std::optional<HostRow> HostReader::find(const std::string& hostname) const {
    auto hosts = read_hosts(database_, hostname, {}, clock_.now());
    if (hosts.empty()) return std::nullopt;
    return std::move(hosts.front());
}

std::optional<HostRow> HostReader::last_seen() const {
    const auto hostname = database_.read([](Session& session) -> std::optional<std::string> {
        const auto rows = session.execute_once(kLastSeen);
        if (rows.empty()) return std::nullopt;
        return std::string{rows[0].text(0)};
    });
    return hostname ? find(*hostname) : std::nullopt;
}

}  // namespace chorus::store
