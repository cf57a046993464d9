#include "aggregator/alert_store/transition_ids.h"

#include "aggregator/postgres/parameters.h"
#include "aggregator/postgres/result.h"

namespace chorus::store {
namespace {

constexpr Statement kNewest{"transition_newest",
                            "SELECT coalesce(max(transition_id), 0) "
                            "FROM monitoring.alert_transitions"};
constexpr Statement kAfter{"transitions_after", R"(
SELECT transition_id FROM monitoring.alert_transitions
WHERE transition_id > $1 ORDER BY transition_id LIMIT $2)"};

}  // namespace

std::int64_t newest_transition(Session& session) {
    return session.execute(kNewest)[0].int8(0);
}

std::vector<std::int64_t> transitions_after(Session& session, std::int64_t id, std::int64_t limit) {
    std::vector<std::int64_t> ids;
    for (const auto row : session.execute(kAfter, Parameters{}.int8(id).int8(limit))) {
        ids.push_back(row.int8(0));
    }
    return ids;
}

}  // namespace chorus::store
