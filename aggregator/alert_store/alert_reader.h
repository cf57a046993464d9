// Reads alerts and their history.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/alert_store/alert_types.h"
#include "aggregator/postgres/session.h"
#include "common/timestamp.h"
#include "common/uuid.h"

namespace chorus::store {

struct AlertRow {
    Uuid id;
    std::string alert_type;
    Severity severity = Severity::info;
    std::string source;
    std::string title;
    std::optional<std::string> description;
    std::string metadata_json;
    AlertStatus status = AlertStatus::active;
    std::optional<Timestamp> acknowledged_at;
    std::optional<std::string> acknowledged_by;
    std::optional<Timestamp> resolved_at;
    std::optional<std::string> resolved_by;
    Timestamp created_at;
    Timestamp updated_at;
    std::optional<std::string> hostname;
    std::optional<Uuid> rule_id;
    std::optional<std::string> fingerprint;
    std::int64_t occurrences = 1;
    std::optional<Timestamp> last_seen_at;
    std::optional<std::string> suppressed_by;
    std::optional<std::string> rule_name;  // when it fired last; only of alerts of rules
    // The part of the host that it is about: the label of a series, a process or a service.
    std::optional<std::string> subject;
};

// A name of the alert for people: the rule's name, the host and the part of it, such as "Stock:
// disk usage on web-01 (/var)". An alert without a rule has its title, and its host unless the
// title names it. At most 255 characters.
std::string alert_summary(const AlertRow& alert);

// Where a page ended: the key of its last row.
struct AlertCursor {
    Timestamp created_at;
    Uuid id;
};

// Every list that is not empty must contain the alert's value exactly.
struct AlertQuery {
    std::vector<AlertStatus> statuses{};
    std::vector<Severity> severities{};
    std::vector<std::string> hostnames{};
    std::vector<Uuid> rule_ids{};
    std::vector<std::string> alert_types{};
    std::vector<std::string> sources{};
    std::optional<Timestamp> since{};  // created at or after
    std::int64_t limit = 100;
    std::int64_t offset = 0;
    std::optional<AlertCursor> after{};  // rows behind this one
};

// Ordered by (created_at, id), newest first.
std::vector<AlertRow> find_alerts(Session& session, const AlertQuery& query);
// Rows that match without limit, offset and cursor; costs a scan.
std::int64_t count_alerts(Session& session, const AlertQuery& query);

// Whether at least that many alerts are open.
bool open_alerts_reach(Session& session, std::int64_t number);

std::optional<AlertRow> read_alert(Session& session, const Uuid& id);
// The same, locked until the transaction ends.
std::optional<AlertRow> lock_alert(Session& session, const Uuid& id);

// Those that are not resolved, in order of their ids.
std::vector<Uuid> open_alerts_of_rule(Session& session, const Uuid& rule_id);

struct AlertContext {
    Timestamp taken_at;
    std::string json;
};
std::optional<AlertContext> read_context(Session& session, const Uuid& alert_id);

struct TransitionRow {
    std::int64_t id = 0;
    Uuid alert_id;
    Timestamp at;
    std::optional<AlertStatus> from;  // none: the alert was opened
    AlertStatus to = AlertStatus::active;
    std::optional<std::string> actor;
    std::optional<std::string> comment;
};

// Oldest first.
std::vector<TransitionRow> read_transitions(Session& session, const Uuid& alert_id,
                                            std::int64_t limit, std::int64_t offset);
std::optional<TransitionRow> read_transition(Session& session, std::int64_t id);

}  // namespace chorus::store
