#include "aggregator/access/requested_intervals.h"

#include "aggregator/postgres/result.h"

namespace chorus::store {
namespace {

constexpr Statement kAll{"requested_intervals", R"(
SELECT agent_id, wanted_interval_seconds FROM monitoring.hosts
WHERE wanted_interval_seconds IS NOT NULL AND agent_id IS NOT NULL)"};

}  // namespace

std::unordered_map<Uuid, double> read_requested_intervals(Session& session) {
    std::unordered_map<Uuid, double> intervals;
    for (const auto row : session.execute(kAll)) intervals.emplace(row.uuid(0), row.float8(1));
    return intervals;
}

}  // namespace chorus::store
