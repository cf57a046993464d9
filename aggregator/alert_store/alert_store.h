// The life of alerts: opened, seen again, acknowledged, suppressed, resolved, reopened. Every
// change of state writes one row of alert_transitions, in the caller's transaction.
//
// That row is also what sends notifications. The trigger transitions_notify on alert_transitions
// (aggregator/schema/migrations/0013_notifications.sql) chooses the channels and writes one row of
// monitoring.notifications, the outbox, for each of them, in the same transaction. When that
// commits, NOTIFY chorus_alerts wakes the notifiers and the live streams. No code here calls it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/alert_store/alert_types.h"
#include "aggregator/postgres/session.h"
#include "common/timestamp.h"
#include "common/uuid.h"

namespace chorus::store {

// Identifies what an alert is about, in 32 hexadecimal digits. Equal inputs give equal
// fingerprints. At most one alert of a fingerprint is open. `origin` is a rule's id, or "probe",
// "api", ...
std::string alert_fingerprint(std::string_view origin, std::string_view source,
                              std::string_view subject = {});

struct NewAlert {
    std::string alert_type;
    Severity severity = Severity::info;
    std::string source;
    std::string title;
    std::optional<std::string> description{};
    std::string metadata_json = "{}";  // an object
    std::optional<std::string> hostname{};
    std::optional<Uuid> rule_id{};
    std::string fingerprint;
    // What suppresses it from the start, other than a silence. It then begins as `suppressed`.
    std::optional<std::string> suppressed_by{};
    std::string actor;                     // who or what opens it, e.g. "rule:<name>"
    std::optional<std::string> comment{};  // for its history
};

struct OpenedAlert {
    Uuid id;
    bool created = false;  // false: one was open already and was bumped
    AlertStatus status = AlertStatus::active;
};

// Opens alerts. Returns one result for each, in the given order. If an alert with the same
// fingerprint is open, it is bumped instead: occurrences + 1, last_seen_at, and the newest
// severity, description and metadata. A bump that changes the severity is a transition whose two
// states are equal. An alert that an active silence fits begins as `suppressed`, with suppressed_by
// "silence:<id>". The number of statements is fixed, whatever the number of alerts. Safe with
// concurrent callers.
std::vector<OpenedAlert> open_alerts(Session& session, std::span<const NewAlert> alerts,
                                     Timestamp now);
OpenedAlert open_alert(Session& session, const NewAlert& alert, Timestamp now);

struct StatusChange {
    Uuid alert_id;
    AlertStatus to = AlertStatus::resolved;
    std::string actor;                // for the history
    std::optional<std::string> by{};  // acknowledged_by or resolved_by; default: the actor
    std::optional<std::string> comment{};
    // Only if it is still in this state. For decisions that rest on what was read before.
    std::optional<AlertStatus> only_from{};
    // Only with to == suppressed: what suppresses it. None if a person did.
    std::optional<std::string> suppressed_by{};
};

enum class ChangeResult {
    changed,
    unchanged,  // was in that state already: nothing is written
    not_found,
    not_allowed,  // a resolved alert can only be reopened; see also only_from
};

// Changes states. Returns one result for each, in the given order. No alert may be named twice.
// Acknowledging and resolving set *_at and *_by once; `active` clears them. The number of
// statements is fixed. Throws DatabaseError (kUniqueViolation) if a resolved alert would be
// reopened while another one with its fingerprint is open.
std::vector<ChangeResult> change_statuses(Session& session, std::span<const StatusChange> changes,
                                          Timestamp now);
ChangeResult change_status(Session& session, const StatusChange& change, Timestamp now);

// Adds a remark to an alert's history. Its state stays. False if there is no such alert.
bool add_comment(Session& session, const Uuid& alert_id, const std::string& actor,
                 const std::string& comment, Timestamp now);

// Overwrites the names that are given, without any other change.
void set_names(Session& session, const Uuid& alert_id,
               const std::optional<std::string>& acknowledged_by,
               const std::optional<std::string>& resolved_by, Timestamp now);

}  // namespace chorus::store
