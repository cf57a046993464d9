#include "aggregator/alerts/round_plan.h"

#include <algorithm>
#include <unordered_set>

#include "aggregator/alerts/alert_text.h"
#include "aggregator/alerts/inhibition.h"
#include "aggregator/alerts/self_monitoring.h"
#include "aggregator/alerts/stored_states.h"
#include "aggregator/rules/ranking.h"

namespace chorus::alerts {
namespace {

constexpr std::chrono::seconds kLeastLateness{10};

// The pause since the last round, if it was too long to know what happened meanwhile.
std::optional<std::chrono::microseconds> late_by(const store::EvaluationWatermark& watermark,
                                                 Timestamp now, std::chrono::seconds period) {
    const auto longest = std::max<std::chrono::microseconds>(2 * period, kLeastLateness);
    if (!watermark.evaluated_at || now - *watermark.evaluated_at <= longest) return std::nullopt;
    return now - *watermark.evaluated_at;
}

// Whether the host has been silent for as long as some rule allows, however long it was watched.
bool reports_silence(const std::vector<StoredRule>& rules, const Host& host, Timestamp now) {
    const double silent = std::chrono::duration<double>(now - host.last_seen).count();
    return std::any_of(rules.begin(), rules.end(), [&](const StoredRule& stored) {
        if (!stored.rule || !stored.row.is_active) return false;
        const auto* rule = std::get_if<HostSilentCondition>(&stored.rule->condition);
        return rule != nullptr && matches(rule->hosts, host) &&
               silent > longest_silence(*rule, host);
    });
}

std::string_view state_of(const Judgement& judged) {
    if (judged.firing > 0) return "firing";
    if (judged.pending > 0) return "pending";
    return judged.with_data == 0 ? "no_data" : "ok";
}

// Alerts that were opened before this was kept say no more.
std::string fired_text(const store::OpenAlert& open) {
    return open.fired_text.value_or("Open since " + moment(open.created_at) + '.');
}

// What an open alert says about the present.
std::string present_text(const Rule& rule, const Decision& decision, const store::OpenAlert& open,
                         Timestamp now) {
    return fired_text(open) + now_text(rule, decision, now);
}
AlertMetadata present_metadata(const Rule& rule, const Decision& decision,
                               const store::OpenAlert& open) {
    auto metadata = metadata_of(rule, decision.subject, decision.reading);
    if (open.fired_json) metadata.fired = *open.fired_json;
    metadata.top_processes_json = open.top_processes_json;
    return metadata;
}

class Planner {
  public:
    Planner(const RoundMemory& memory, Timestamp now, const RoundOptions& options)
        : memory_(memory), now_(now), limits_(options.most_open_alerts, memory.open) {
        plan_.at = now;
    }

    void evaluate(const Rule& rule, const Snapshot& snapshot);
    // The rule was switched off. Its open alerts end.
    void switch_off(const Uuid& rule);
    // The rule cannot be evaluated.
    void fail(const store::RuleRow& rule, const std::string& error);
    // Nothing is received from that host. `reported`: some rule would report it.
    void unheard(const std::string& hostname, bool reported) {
        silent_hosts_.unheard.emplace(hostname, reported);
    }
    // Opens alerts about the monitor itself, which have no rule.
    void open_internal(std::vector<store::NewAlert> alerts) {
        std::move(alerts.begin(), alerts.end(), std::back_inserter(internal_));
    }
    // Those that are open and not opened again end, but for the ones to be kept.
    void keep_internal(std::vector<std::string> fingerprints) {
        kept_.insert(fingerprints.begin(), fingerprints.end());
    }

    RoundPlan finish(const store::EvaluationWatermark& watermark);

  private:
    const States& states(const Uuid& rule) const;
    const store::OpenAlert* find_open(const std::string& fingerprint) const;
    void decide(const Rule& rule, const Decision& decision);
    // Opens an alert, or counts an open one once more.
    void open(const Rule& rule, const Decision& decision);
    // Updates what an open alert says about the present.
    void refresh(const Rule& rule, const Decision& decision);
    void resolve(const store::OpenAlert& alert, const std::string& reason,
                 const std::string& actor);
    void remember(const Rule& rule, const Judgement& judged);
    void finish_internal();

    const RoundMemory& memory_;
    const Timestamp now_;
    AlertLimits limits_;
    SilentHosts silent_hosts_;
    std::vector<store::NewAlert> internal_;
    std::unordered_set<std::string> kept_;
    RoundPlan plan_;
};

const States& Planner::states(const Uuid& rule) const {
    static const States none;
    const auto found = memory_.states.find(rule);
    return found == memory_.states.end() ? none : found->second;
}

const store::OpenAlert* Planner::find_open(const std::string& fingerprint) const {
    const auto found = memory_.open.find(fingerprint);
    return found == memory_.open.end() ? nullptr : &found->second;
}

void Planner::evaluate(const Rule& rule, const Snapshot& snapshot) {
    const auto judged = judge(
        rule, snapshot, states(rule.id),
        [&](const std::string& key) { return find_open(fingerprint_of(rule, key)) != nullptr; },
        now_);
    store::RuleOutcome outcome{rule.id, std::string{state_of(judged)}, std::nullopt, false};
    for (const auto& decision : judged.decisions) {
        decide(rule, decision);
        outcome.triggered |= decision.action == Action::fire;
    }
    remember(rule, judged);
    plan_.outcomes.push_back(std::move(outcome));
    ++plan_.rules;
    plan_.subjects += judged.subjects;
}

void Planner::decide(const Rule& rule, const Decision& decision) {
    if (decision.action == Action::fire || decision.action == Action::bump) {
        if (std::holds_alternative<HostSilentCondition>(rule.condition)) {
            silent_hosts_.reported.insert(decision.subject.host->hostname);
        }
        open(rule, decision);
        return;
    }
    refresh(rule, decision);
    if (decision.action != Action::resolve) return;
    if (const auto* alert = find_open(fingerprint_of(rule, decision.key))) {
        resolve(*alert, decision.gone ? "gone" : "", actor_of(rule));
    }
}

void Planner::open(const Rule& rule, const Decision& decision) {
    const auto* open = find_open(fingerprint_of(rule, decision.key));
    if (open == nullptr && !limits_.admit(rule.condition, decision.subject)) return;
    PlannedAlert planned{
        .alert = make_alert(rule, decision.subject, decision.reading, decision.severity, now_)};
    if (open == nullptr) {
        planned.metadata = metadata_of(rule, decision.subject, decision.reading);
        if (decision.subject.host != nullptr) planned.host_id = decision.subject.host->id;
        planned.ranked_by = resource_of(rule.condition);
    } else {
        planned.metadata = present_metadata(rule, decision, *open);
    }
    if (open == nullptr || decision.action == Action::fire) {
        planned.metadata->fired =
            FiringFacts{now_, decision.reading.value, decision.reading.threshold,
                        planned.alert.description.value_or("")};
    } else {
        planned.alert.description = present_text(rule, decision, *open, now_);
    }
    plan_.alerts.push_back(std::move(planned));
}

void Planner::refresh(const Rule& rule, const Decision& decision) {
    const auto* open = find_open(fingerprint_of(rule, decision.key));
    if (open == nullptr) return;
    store::AlertRefresh refresh;
    refresh.alert_id = open->id;
    refresh.description = present_text(rule, decision, *open, now_);
    refresh.actor = actor_of(rule);
    if (decision.action == Action::refresh) refresh.severity = decision.severity;
    if (decision.reading.verdict != Reading::Verdict::no_data && !decision.gone) {
        refresh.metadata_json = metadata_json(present_metadata(rule, decision, *open));
    }
    plan_.refreshes.push_back(std::move(refresh));
}

void Planner::resolve(const store::OpenAlert& alert, const std::string& reason,
                      const std::string& actor) {
    store::StatusChange change;
    change.alert_id = alert.id;
    change.to = store::AlertStatus::resolved;
    change.actor = actor;
    change.by = reason.empty() || reason == "gone" ? "auto" : reason;
    if (!reason.empty()) change.comment = reason;
    plan_.resolutions.push_back(std::move(change));
}

void Planner::remember(const Rule& rule, const Judgement& judged) {
    for (const auto& [key, state] : judged.changed) {
        plan_.states.push_back(row_of(rule.id, key, state));
        const auto* open = find_open(fingerprint_of(rule, key));
        if (open != nullptr && open->stale && !state.stale) {
            plan_.stale_marks.push_back({open->id, false});
        }
    }
    for (const auto& key : judged.forgotten) plan_.forgotten.push_back({rule.id, key});
    for (const auto& key : judged.became_stale) {
        if (const auto* open = find_open(fingerprint_of(rule, key))) {
            plan_.stale_marks.push_back({open->id, true});
        }
    }
}

void Planner::switch_off(const Uuid& rule) {
    for (const auto& [key, state] : states(rule)) plan_.forgotten.push_back({rule, key});
    for (const auto& [fingerprint, alert] : memory_.open) {
        if (alert.rule_id == rule) resolve(alert, "rule_disabled", "evaluator");
    }
}

void Planner::fail(const store::RuleRow& rule, const std::string& error) {
    plan_.outcomes.push_back({rule.id, "error", error, false});
    internal_.push_back(rule_error_alert(rule, error));
}

void Planner::finish_internal() {
    open_internal(limits_.exceeded());
    keep_internal(limits_.reached());
    for (auto& alert : internal_) {
        kept_.insert(alert.fingerprint);
        plan_.alerts.push_back({.alert = std::move(alert)});
    }
    for (const auto& [fingerprint, alert] : memory_.open) {
        if (is_self_monitoring(alert) && !kept_.contains(fingerprint)) {
            resolve(alert, "", "evaluator");
        }
    }
}

RoundPlan Planner::finish(const store::EvaluationWatermark& watermark) {
    finish_internal();
    plan_inhibitions(silent_hosts_, memory_.open, plan_);
    plan_.watermark = watermark;
    plan_.watermark.evaluated_at = now_;
    return std::move(plan_);
}

}  // namespace

bool is_evaluated(const store::EvaluationWatermark& watermark, Timestamp now,
                  std::chrono::seconds period) {
    return watermark.evaluated_at && *watermark.evaluated_at >= now &&
           *watermark.evaluated_at - now < period;
}

RoundPlan plan_round(Snapshot snapshot, const std::vector<StoredRule>& rules,
                     const RoundMemory& memory, Timestamp now, const RoundOptions& options) {
    auto watermark = memory.watermark;
    const auto pause = late_by(watermark, now, options.period);
    if (!watermark.evaluated_at || pause) watermark.resumed_at = now;
    snapshot.watching_since = watermark.resumed_at.value_or(Timestamp{});
    // What an agent checks goes with the agent's list.
    std::erase_if(snapshot.services, [&](const Service& service) {
        const auto since = std::max(service.heard_at, snapshot.watching_since);
        return service.hostname.empty() && now - since > forgotten_after(service.interval_seconds);
    });

    Planner planner{memory, now, options};
    for (const auto& stored : rules) {
        // Changed or deleted since it was read: its turn is the next round.
        const auto version = memory.versions.find(stored.row.id);
        if (version == memory.versions.end() || version->second != stored.row.updated_at) continue;
        if (!stored.row.is_active) {
            planner.switch_off(stored.row.id);
        } else if (!stored.rule) {
            planner.fail(stored.row, stored.error);
        } else {
            planner.evaluate(*stored.rule, snapshot);
        }
    }
    for (const auto& host : snapshot.hosts) {
        if (is_silent(host, now)) planner.unheard(host.hostname, reports_silence(rules, host, now));
    }
    std::vector<std::string> unknown;
    planner.open_internal(clock_skew_alerts(snapshot.hosts, now, unknown));
    planner.keep_internal(unknown);
    planner.open_internal(deferred_alerts(snapshot.hosts, now));
    planner.open_internal(clone_alerts(snapshot.hosts, now));
    if (pause) planner.open_internal({evaluator_late_alert(*pause, options.period)});
    return planner.finish(watermark);
}

}  // namespace chorus::alerts
