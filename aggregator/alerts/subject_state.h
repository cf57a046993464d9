// The state of a rule for one subject, and how it changes from one evaluation to the next.
#pragma once

#include <optional>

#include "aggregator/alerts/aggregation.h"
#include "aggregator/rules/rule.h"
#include "common/timestamp.h"

namespace chorus::alerts {

enum class Phase { ok, pending, firing };
std::string_view to_string(Phase phase);

struct SubjectState {
    Phase phase = Phase::ok;
    Timestamp since{};  // of the phase
    Severity severity = Severity::info;
    std::optional<Timestamp> clear_since{};  // firing, but clear since then
    std::optional<Timestamp> fired_at{};     // last time
    std::optional<Timestamp> resolved_at{};  // last time
    // It fired again soon after it had resolved. From now on the cooldown lies between any two
    // changes.
    bool flapping = false;
    bool stale = false;  // firing, but there is no data
    bool operator==(const SubjectState&) const = default;
};

enum class Action {
    none,
    fire,     // open an alert
    bump,     // it still fires: count it
    refresh,  // it is open, but clear or without data: update its text
    resolve,  // the condition has cleared
};

struct Step {
    SubjectState next;
    Action action = Action::none;
};

struct Timing {
    HoldDurations durations;
    std::chrono::minutes cooldown{5};
};

// One evaluation of one subject. Pure: the same arguments give the same step.
// - No data never fires and never resolves; what was pending begins anew.
// - It fires once it is breached for `hold`, but not within `cooldown` of the last time it fired.
//   If it is flapping, also not within `cooldown` of the moment when it resolved.
// - Its severity is that of the level that the value has now. A higher severity stays as long as
//   Reading::keeps has it.
// - It resolves once it is clear for `keep_firing_for`. If it is flapping, it must also be
//   clear for the cooldown.
Step advance(const SubjectState& previous, const Reading& reading, const Timing& timing,
             Timestamp now);

// The subject after somebody else resolved its alert. The cooldown runs from when it fired; after
// that it may fire again.
SubjectState closed_by_others(const SubjectState& previous, Timestamp now);

// Whether the state is the same as none.
bool forgettable(const SubjectState& state, const Timing& timing, Timestamp now);

}  // namespace chorus::alerts
