#include "aggregator/access/audit_log.h"

namespace chorus::store {
namespace {

constexpr Statement kInsert{"audit_insert", R"sql(
INSERT INTO monitoring.audit (
    actor, token_id, action, object_type, object_id, client_ip, request_id, detail)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
)sql"};

}  // namespace

void write_audit(Session& session, const AuditEntry& entry) {
    session.execute(kInsert, Parameters{}
                                 .text(entry.actor)
                                 .int8(entry.token_id)
                                 .text(entry.action)
                                 .text(entry.object_type)
                                 .text(entry.object_id)
                                 .text(entry.client_ip)
                                 .text(entry.request_id)
                                 .json(entry.detail_json));
}

}  // namespace chorus::store
