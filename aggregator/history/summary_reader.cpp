#include "aggregator/history/summary_reader.h"

#include <span>
#include <utility>

#include "aggregator/history/sealed_summary.h"
#include "aggregator/sealed/history_snapshot.h"
#include "aggregator/sealed/sealed_reader.h"

namespace chorus::store {
namespace {

constexpr Statement kSummaryHostId{"summary_host_id", R"sql(
SELECT host_id FROM monitoring.hosts WHERE hostname = $1
)sql"};

constexpr Statement kHostnames{"summary_hostnames", R"sql(
SELECT host_id, hostname FROM monitoring.hosts WHERE host_id = ANY ($1) ORDER BY hostname
)sql"};

}  // namespace

std::vector<MetricSummary> SummaryReader::read(const std::optional<std::string>& hostname,
                                               Timestamp since) {
    return database_.read([&](Session& session) -> std::vector<MetricSummary> {
        const HistorySnapshot snapshot{session};
        std::optional<std::int32_t> host_id;
        if (hostname) {
            const auto hosts = session.execute(kSummaryHostId, Parameters{}.text(*hostname));
            if (hosts.empty()) return {};
            host_id = hosts[0].int4(0);
        }
        HostSums sums;
        const auto moved = find_sealed_days(session, since, Timestamp::max());
        add_sealed_days(sums, session, host_id, since, moved);
        hot_.add_to(sums, session, host_id, since, moved);
        std::vector<std::int32_t> ids;
        for (const auto& [id, of_host] : sums) ids.push_back(id);
        std::vector<MetricSummary> lines;
        for (const auto row : session.execute(
                 kHostnames, Parameters{}.int4_array(std::span<const std::int32_t>{ids}))) {
            for (const auto& [metric, sum] : sums.at(row.int4(0))) {
                lines.push_back({std::string{row.text(1)}, metric,
                                 sum.sum / static_cast<double>(sum.count), sum.maximum, sum.minimum,
                                 sum.count});
            }
        }
        return lines;
    });
}

}  // namespace chorus::store
