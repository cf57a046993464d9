// Silences: which alerts are suppressed, and when.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "aggregator/alert_store/alert_types.h"
#include "aggregator/postgres/session.h"
#include "common/timestamp.h"
#include "common/uuid.h"

namespace chorus::store {

// What an alert must match. Every given matcher must fit.
struct SilenceMatchers {
    std::optional<std::string> hostname{};    // glob
    std::optional<std::string> alert_type{};  // glob
    std::optional<std::string> source{};      // glob
    std::optional<Uuid> rule_id{};
    std::optional<std::string> rule_name{};  // glob
    std::vector<Severity> severities{};      // one of them; empty: any
};

// Times of the week at which a recurring silence is active.
struct WeeklyWindows {
    std::string time_zone;     // a name of the IANA database
    std::string windows_json;  // [{"days":["sat"],"start":"22:00","end":"06:00"}]
};

enum class SilenceState {
    pending,  // begins later
    active,
    idle,  // a weekly one between its windows
    expired,
};
inline constexpr std::array kSilenceStates{SilenceState::pending, SilenceState::active,
                                           SilenceState::idle, SilenceState::expired};
std::string_view to_string(SilenceState state);
std::optional<SilenceState> silence_state_from_name(std::string_view name);

struct SilenceRow {
    Uuid id;
    SilenceMatchers matchers;
    Timestamp starts_at;
    std::optional<Timestamp> ends_at;  // none: a weekly one without an end
    std::optional<WeeklyWindows> weekly;
    std::string created_by;
    std::string comment;
    Timestamp created_at;
    Timestamp updated_at;
    SilenceState state = SilenceState::pending;  // when it was read
};

// Those that are active at `now`, in the order in which they were made.
std::vector<SilenceRow> active_silences(Session& session, Timestamp now);

struct SilenceQuery {
    std::vector<SilenceState> states{};  // empty: all
    std::int64_t limit = 100;
    std::int64_t offset = 0;
};
// Newest first.
std::vector<SilenceRow> find_silences(Session& session, const SilenceQuery& query, Timestamp now);
std::int64_t count_silences(Session& session, const SilenceQuery& query, Timestamp now);
// With `lock` nobody else can change it until the transaction ends.
std::optional<SilenceRow> read_silence(Session& session, const Uuid& id, Timestamp now,
                                       bool lock = false);

void insert_silence(Session& session, const SilenceRow& silence);
// Writes the silence's times and comment.
void update_silence(Session& session, const SilenceRow& silence);
bool delete_silence(Session& session, const Uuid& id);

// Whether PostgreSQL knows a time zone of this name, "Europe/Berlin".
bool known_time_zone(Session& session, const std::string& name);

// The members of an alert that silences look at.
struct SilenceSubject {
    Uuid alert_id{};
    AlertStatus status = AlertStatus::active;
    std::optional<std::string> suppressed_by{};
    std::optional<std::string> hostname{};
    std::string alert_type;
    std::string source;
    std::optional<Uuid> rule_id{};
    std::optional<std::string> rule_name{};
    Severity severity = Severity::info;
};
// The open alerts that silences may change: active ones, those that a silence suppresses, and those
// that are suppressed because their host is silent.
std::vector<SilenceSubject> silence_subjects(Session& session);
// The hosts for which an open alert says that they are silent.
std::unordered_set<std::string> silent_hosts(Session& session);
// Whether there is any alert that a silence suppresses.
bool any_silenced(Session& session);

bool is_silenced(const SilenceSubject& subject);
// An alert that is suppressed by a silence, or because its host is silent: from now on `reason`
// suppresses it.
struct HandOver {
    Uuid alert_id;
    std::string reason;
};
// No message is sent, because the alerts stay suppressed. One statement.
void hand_over(Session& session, const std::vector<HandOver>& alerts, Timestamp now);
// The value of alerts.suppressed_by if the host is silent.
inline constexpr const char* kInhibitedReason = "inhibited:host_silent";
// The value of alerts.suppressed_by for a silence: "silence:<id>".
std::string silence_reason(const Uuid& id);

}  // namespace chorus::store
