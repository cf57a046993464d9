#include "aggregator/alerts/engine.h"

#include <unordered_set>

#include "aggregator/rules/stored_rules.h"
#include "aggregator/schema/lease.h"
#include "common/log.h"

namespace chorus::alerts {
namespace {

constexpr Logger kEngineLog{"alerts"};

// The rules that are evaluated now; the others are switched off or cannot be read.
std::vector<Rule> active(const std::vector<StoredRule>& rules) {
    std::vector<Rule> all;
    for (const auto& stored : rules) {
        if (stored.rule && stored.row.is_active) all.push_back(*stored.rule);
    }
    return all;
}

void log_round(const RoundResult& result, const std::vector<StoredRule>& rules,
               const RoundPlan& plan) {
    std::unordered_set<Uuid> triggered;
    for (const auto& outcome : plan.outcomes) {
        if (outcome.triggered) triggered.insert(outcome.rule_id);
    }
    for (const auto& stored : rules) {
        if (!triggered.contains(stored.row.id)) continue;
        kEngineLog.info("Alert rule triggered",
                        {{"rule_name", stored.row.name}, {"rule_id", stored.row.id.to_string()}});
    }
    for (const auto& alert : result.created) {
        kEngineLog.info("Alert created", {{"alert_id", alert.id.to_string()},
                                          {"alert_type", alert.alert_type},
                                          {"severity", alert.severity},
                                          {"title", alert.title}});
    }
    if (result.created.empty()) return;
    kEngineLog.info("Alert check completed - alerts generated",
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
    const auto watermark = store::lock_evaluation_watermark(*session);
    if (is_evaluated(watermark, now, options_.period)) return result;
    const auto plan = plan_round(std::move(snapshot), rules, read_memory(*session, watermark), now,
                                 {options_.period, options_.most_open_alerts});
    result.created = write_round(*session, plan);
    store::write_evaluation_watermark(
        *session, plan.watermark, std::chrono::duration<double>(clock_.steady() - started).count());
    transaction.commit();

    result.rules = plan.rules;
    result.subjects = plan.subjects;
    result.resolved = plan.resolutions.size();
    count(result);
    log_round(result, rules, plan);
    return result;
}

void Engine::count(const RoundResult& result) {
    rounds_.add();
    created_.add(result.created.size());
    rules_.set(static_cast<double>(result.rules));
    subjects_.set(static_cast<double>(result.subjects));
}

}  // namespace chorus::alerts
