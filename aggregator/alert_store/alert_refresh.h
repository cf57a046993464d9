// Updates what open alerts say about the present, without counting them as seen again. A changed
// severity is a row of alert_transitions. So the trigger transitions_notify
// (aggregator/schema/migrations/0013_notifications.sql) writes it into the outbox of notifications.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "aggregator/alert_store/alert_types.h"
#include "aggregator/postgres/session.h"
#include "common/timestamp.h"
#include "common/uuid.h"

namespace chorus::store {

struct AlertRefresh {
    Uuid alert_id;
    std::string description;
    std::optional<std::string> metadata_json{};  // none: it stays
    std::optional<Severity> severity{};          // none: it stays
    std::string actor;                           // for the history, where the severity changes
};

// Changes alerts that are still open and leaves others alone. A change of severity is a transition
// whose two states are equal. One statement, in the caller's transaction. Throws DatabaseError.
void refresh_alerts(Session& session, std::span<const AlertRefresh> alerts, Timestamp now);

}  // namespace chorus::store
