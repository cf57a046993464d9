#include "aggregator/alert_store/rule_alerts.h"

namespace chorus::store {
namespace {

constexpr Statement kOpenOfRule{"alerts_open_of_rule", R"sql(
SELECT id FROM monitoring.alerts WHERE rule_id = $1 AND status <> 'resolved' ORDER BY id
)sql"};

}  // namespace

std::vector<Uuid> open_alerts_of_rule(Session& session, const Uuid& rule_id) {
    std::vector<Uuid> ids;
    for (const auto row : session.execute(kOpenOfRule, Parameters{}.uuid(rule_id))) {
        ids.push_back(row.uuid(0));
    }
    return ids;
}

}  // namespace chorus::store
