#include "aggregator/alerts/subject_state.h"

#include <algorithm>

namespace chorus::alerts {
namespace {

using Verdict = Reading::Verdict;

Severity level_of(Severity before, const Reading& reading) {
    return std::clamp(before, reading.keeps.value_or(reading.severity), reading.severity);
}

Step while_firing(const SubjectState& previous, const Reading& reading, const Timing& timing,
                  Timestamp now) {
    Step step{previous};
    auto& next = step.next;
    next.stale = reading.verdict == Verdict::no_data;
    if (reading.verdict == Verdict::no_data) {
        next.clear_since.reset();
        if (!previous.stale) step.action = Action::refresh;
        return step;
    }
    next.severity = level_of(previous.severity, reading);
    if (reading.verdict != Verdict::clear) {
        next.clear_since.reset();
        step.action = Action::bump;
        return step;
    }
    if (!next.clear_since) next.clear_since = now;
    step.action = Action::refresh;
    const auto wait = timing.durations.keep_firing_for +
                      (previous.flapping ? timing.cooldown : std::chrono::minutes{0});
    if (timing.durations.auto_resolve && now - *next.clear_since >= wait) {
        next = {.phase = Phase::ok,
                .since = now,
                .fired_at = previous.fired_at,
                .resolved_at = now,
                .flapping = previous.flapping};
        step.action = Action::resolve;
    }
    return step;
}

Step while_quiet(const SubjectState& previous, const Reading& reading, const Timing& timing,
                 Timestamp now) {
    Step step{previous};
    auto& next = step.next;
    if (reading.verdict != Verdict::breached) {
        if (previous.phase == Phase::pending) next.since = now;
        next.phase = Phase::ok;
        return step;
    }
    if (previous.phase == Phase::ok) {
        next.phase = Phase::pending;
        next.since = now;
    }
    const bool held = now - next.since >= timing.durations.hold;
    const bool cooled = !previous.fired_at || now - *previous.fired_at >= timing.cooldown;
    const bool settled = !previous.flapping || !previous.resolved_at ||
                         now - *previous.resolved_at >= timing.cooldown;
    if (!held || !cooled || !settled) return step;
    next.phase = Phase::firing;
    next.since = now;
    next.severity = reading.severity;
    next.flapping = previous.resolved_at && now - *previous.resolved_at < 2 * timing.cooldown;
    next.fired_at = now;
    next.clear_since.reset();
    next.stale = false;
    step.action = Action::fire;
    return step;
}

}  // namespace

std::string_view to_string(Phase phase) {
    switch (phase) {
        case Phase::ok:
            return "ok";
        case Phase::pending:
            return "pending";
        case Phase::firing:
            return "firing";
    }
    return "ok";
}

Step advance(const SubjectState& previous, const Reading& reading, const Timing& timing,
             Timestamp now) {
    return previous.phase == Phase::firing ? while_firing(previous, reading, timing, now)
                                           : while_quiet(previous, reading, timing, now);
}

SubjectState closed_by_others(const SubjectState& previous, Timestamp now) {
    return {.phase = Phase::ok,
            .since = now,
            .fired_at = previous.fired_at,
            .resolved_at = now,
            .flapping = previous.flapping};
}

bool forgettable(const SubjectState& state, const Timing& timing, Timestamp now) {
    if (state.phase != Phase::ok) return false;
    const bool cooled = !state.fired_at || now - *state.fired_at >= timing.cooldown;
    const bool settled = !state.resolved_at || now - *state.resolved_at >= 2 * timing.cooldown;
    return cooled && settled;
}

}  // namespace chorus::alerts
