#include "aggregator/store/alert_batch.h"

namespace chorus::store {
namespace {

constexpr Statement kResolveOfRule{"alerts_resolve_of_rule", R"sql(
WITH open AS (
    SELECT id, status FROM monitoring.alerts
    WHERE rule_id = $1 AND status <> 'resolved'
    FOR UPDATE
), resolved AS (
    UPDATE monitoring.alerts a
    SET status = 'resolved', resolved_at = now(), resolved_by = $2, updated_at = now()
    FROM open WHERE a.id = open.id
)
INSERT INTO monitoring.alert_transitions (alert_id, from_status, to_status, actor, comment)
SELECT id, status, 'resolved', $3, $2 FROM open
)sql"};

}  // namespace

std::int64_t resolve_alerts_of_rule(Session& session, const Uuid& rule_id, std::string_view reason,
                                    std::string_view actor) {
    return session.execute(kResolveOfRule, Parameters{}.uuid(rule_id).text(reason).text(actor))
        .affected();
}

}  // namespace chorus::store
