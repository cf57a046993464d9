#include "aggregator/alerts/engine.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "aggregator/alert_store/rule_states.h"
#include "aggregator/alerts/alert_text.h"
#include "aggregator/alerts/evaluate.h"
#include "aggregator/alerts/judge.h"
#include "aggregator/alerts/own_alerts.h"
#include "aggregator/alerts/round_writer.h"
#include "aggregator/rules/stored_rules.h"
#include "aggregator/schema/lease.h"
#include "common/log.h"

namespace chorus::alerts {
namespace {

constexpr Logger kLog{"alerts"};
constexpr std::chrono::seconds kLeastLateness{10};

// The rules that are evaluated now; the others are switched off or cannot be read.
std::vector<Rule> active(const std::vector<StoredRule>& rules) {
    std::vector<Rule> all;
    for (const auto& stored : rules) {
        if (stored.rule && stored.row.is_active) all.push_back(*stored.rule);
    }
    return all;
}

// Whether the host has been silent for as long as some rule allows, however long it was watched.
bool tells_of_silence(const std::vector<StoredRule>& rules, const Host& host, Timestamp now) {
    const double silent = std::chrono::duration<double>(now - host.last_seen).count();
    return std::any_of(rules.begin(), rules.end(), [&](const StoredRule& stored) {
        if (!stored.rule || !stored.row.is_active) return false;
        const auto* rule = std::get_if<HostSilentCondition>(&stored.rule->condition);
        return rule != nullptr && matches(rule->hosts, host) &&
               silent > longest_silence(*rule, host);
    });
}

void tell(const RoundResult& result, const std::vector<StoredRule>& rules,
          const std::unordered_set<Uuid>& triggered) {
    for (const auto& stored : rules) {
        if (!triggered.contains(stored.row.id)) continue;
        kLog.info("Alert rule triggered",
                  {{"rule_name", stored.row.name}, {"rule_id", stored.row.id.to_string()}});
    }
    for (const auto& alert : result.created) {
        kLog.info("Alert created", {{"alert_id", alert.id.to_string()},
                                    {"alert_type", alert.alert_type},
                                    {"severity", alert.severity},
                                    {"title", alert.title}});
    }
    if (result.created.empty()) return;
    kLog.info("Alert check completed - alerts generated",
              {{"alerts_created", result.created.size()}});
}

}  // namespace

Engine::Engine(store::Database& database, const Clock& clock, EngineOptions options,
               MetricsRegistry& metrics)
    : database_(database),
      clock_(clock),
      options_(options),
      rounds_(metrics.counter("chorus_aggregator_alert_evaluations_total",
                              "Rounds of evaluation of the alert rules.")),
      created_(metrics.counter("chorus_aggregator_alerts_created_total",
                               "Alerts that evaluation has opened.")),
      rules_(metrics.gauge("chorus_aggregator_alert_rules", "Active rules in the last round.")),
      subjects_(metrics.gauge("chorus_aggregator_alert_subjects",
                              "Subjects that the rules had in the last round.")) {}

RoundResult Engine::round(std::int64_t epoch) {
    const std::lock_guard lock(mutex_);
    const auto started = clock_.steady();
    const auto session = database_.acquire();
    const Timestamp now = clock_.now();
    RuleContext context;
    context.max_response_time_ms = options_.max_response_time_ms;
    const auto rules = read_rules(store::read_all_rules(*session), context);
    Snapshot snapshot = loader_.load(*session, active(rules), now);

    RoundResult result;
    result.evaluated_at = now;
    store::Transaction transaction{*session};
    store::hold_leadership(*session, epoch);
    store::EvaluationMark mark = store::lock_evaluation_mark(*session);
    // Somebody else has evaluated since `now`.
    if (mark.evaluated_at && *mark.evaluated_at >= now &&
        *mark.evaluated_at - now < options_.period) {
        return result;
    }
    const auto longest_pause =
        std::max<std::chrono::microseconds>(2 * options_.period, kLeastLateness);
    const bool late = mark.evaluated_at && now - *mark.evaluated_at > longest_pause;
    if (!mark.evaluated_at || late) mark.resumed_at = now;
    snapshot.watching_since = mark.resumed_at.value_or(Timestamp{});
    // What an agent checks goes with the agent's list.
    std::erase_if(snapshot.services, [&](const Service& service) {
        const auto since = std::max(service.heard_at, snapshot.watching_since);
        return service.hostname.empty() && now - since > forgotten_after(service.interval_seconds);
    });

    std::unordered_set<Uuid> triggered;
    std::unordered_map<Uuid, Timestamp> versions;
    for (const auto& version : store::lock_rules(*session)) {
        versions.emplace(version.id, version.updated_at);
    }
    RoundWriter writing{*session, now, options_.most_open_alerts};
    for (const auto& stored : rules) {
        // Changed or deleted since it was read: its turn is the next round.
        const auto version = versions.find(stored.row.id);
        if (version == versions.end() || version->second != stored.row.updated_at) continue;
        if (!stored.row.is_active) {
            writing.switch_off(stored.row.id);
        } else if (!stored.rule) {
            writing.fail(stored.row, stored.error);
        } else {
            const Rule& rule = *stored.rule;
            const auto judged = judge(
                rule, snapshot, writing.states(rule.id),
                [&](const std::string& key) { return writing.is_open(fingerprint_of(rule, key)); },
                now);
            writing.take(rule, judged);
            ++result.rules;
            result.subjects += judged.subjects;
            for (const auto& decision : judged.decisions) {
                if (decision.action == Action::fire) triggered.insert(rule.id);
            }
        }
    }
    for (const auto& host : snapshot.hosts) {
        if (!is_silent(host, now)) continue;
        writing.unheard(host.hostname, tells_of_silence(rules, host, now));
    }
    std::vector<std::string> unknown;
    for (auto& alert : clock_skew_alerts(snapshot.hosts, now, unknown)) {
        writing.own(std::move(alert));
    }
    writing.keep(unknown);
    for (auto& alert : deferred_alerts(snapshot.hosts, now)) writing.own(std::move(alert));
    for (auto& alert : clone_alerts(snapshot.hosts, now)) writing.own(std::move(alert));
    if (late) {
        writing.own(evaluator_late_alert(now - *mark.evaluated_at, options_.period));
    }
    auto written = writing.write();
    result.created = std::move(written.created);
    result.resolved = written.resolved;
    mark.evaluated_at = now;
    store::write_evaluation_mark(*session, mark,
                                 std::chrono::duration<double>(clock_.steady() - started).count());
    transaction.commit();

    rounds_.add();
    created_.add(result.created.size());
    rules_.set(static_cast<double>(result.rules));
    subjects_.set(static_cast<double>(result.subjects));
    tell(result, rules, triggered);
    return result;
}

}  // namespace chorus::alerts
