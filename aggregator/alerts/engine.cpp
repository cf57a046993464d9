#include "aggregator/alerts/engine.h"

#include <unordered_map>
#include <unordered_set>

#include "aggregator/alerts/alert_text.h"
#include "aggregator/alerts/judge.h"
#include "aggregator/alerts/own_alerts.h"
#include "aggregator/alerts/stored_rules.h"
#include "aggregator/store/culprits.h"
#include "aggregator/store/lease.h"
#include "aggregator/store/rule_states.h"
#include "common/log.h"

namespace chorus::alerts {
namespace {

constexpr Logger kLog{"alerts"};
// Hosts whose processes are looked up in one round; alerts of further ones are opened without.
constexpr std::size_t kMostCulprits = 100;
constexpr std::chrono::hours kOldestProcessTable{26};
constexpr std::chrono::seconds kLeastLateness{10};

// What one round is going to write.
class Writing {
  public:
    Writing(store::Session& session, Timestamp now, std::size_t most_open)
        : session_(session), now_(now), most_open_(most_open) {
        for (auto& alert : store::read_open_alerts(session, own_alert_types())) {
            std::string fingerprint = alert.fingerprint;
            open_.emplace(std::move(fingerprint), std::move(alert));
        }
        for (auto& row : store::read_rule_states(session)) {
            states_[row.rule_id].emplace(row.subject, state_of(row));
        }
    }

    bool is_open(const std::string& fingerprint) const { return open_.contains(fingerprint); }
    const States& states(const Uuid& rule) const {
        static const States none;
        const auto found = states_.find(rule);
        return found == states_.end() ? none : found->second;
    }

    void take(const Rule& rule, const Judgement& judged) {
        for (const auto& decision : judged.decisions) {
            if (decision.action == Action::resolve) {
                resolve(fingerprint_of(rule, decision.key), decision.gone ? "gone" : "",
                        "rule:" + rule.name);
            } else if (!decision.gone) {
                raise(rule, decision);
            }
        }
        for (const auto& [key, state] : judged.changed) {
            changed_.push_back(row_of(rule.id, key, state));
        }
        for (const auto& key : judged.forgotten) forgotten_.push_back({rule.id, key});
        for (const auto& key : judged.became_stale) {
            const auto found = open_.find(fingerprint_of(rule, key));
            if (found != open_.end()) stale_.push_back(found->second.id);
        }
        store::RuleOutcome outcome{rule.id, "ok", std::nullopt, false};
        for (const auto& decision : judged.decisions) {
            outcome.triggered |= decision.action == Action::fire;
        }
        if (judged.firing > 0) {
            outcome.state = "firing";
        } else if (judged.pending > 0) {
            outcome.state = "pending";
        } else if (judged.with_data == 0) {
            outcome.state = "no_data";
        }
        outcomes_.push_back(std::move(outcome));
    }

    // A rule that was switched off: what it has open ends.
    void switch_off(const Uuid& rule) {
        for (const auto& [key, state] : states(rule)) forgotten_.push_back({rule, key});
        for (const auto& [fingerprint, alert] : open_) {
            if (alert.rule_id == rule) resolve(fingerprint, "rule_disabled", "evaluator");
        }
    }

    void fail(const store::RuleRow& rule, const std::string& error) {
        outcomes_.push_back({rule.id, "error", error, false});
        own_.push_back(rule_error_alert(rule, error));
    }

    void own(store::NewAlert alert) { own_.push_back(std::move(alert)); }
    // Alerts of our own that are not wanted any more are resolved, except these.
    void keep(const std::vector<std::string>& fingerprints) {
        kept_.insert(fingerprints.begin(), fingerprints.end());
    }

    void write(RoundResult& result) {
        add_culprits();
        resolve_own();
        const auto opened = store::open_alerts(session_, alerts_, now_);
        std::vector<store::AlertContextRow> contexts;
        for (std::size_t i = 0; i < opened.size(); ++i) {
            if (!opened[i].created) continue;
            const auto& alert = alerts_[i];
            result.created.push_back({opened[i].id, alert.alert_type,
                                      std::string(store::to_string(alert.severity)), alert.title});
            const auto culprits = culprits_.find(hosts_[i]);
            if (culprits == culprits_.end()) continue;
            contexts.push_back({opened[i].id, culprits->second.context_json});
        }
        store::put_contexts(session_, contexts, now_);
        result.resolved = closed_.size();
        store::change_statuses(session_, closed_, now_);
        store::mark_stale(session_, stale_);
        store::write_rule_states(session_, changed_, forgotten_);
        store::write_rule_outcomes(session_, outcomes_, now_);
    }

  private:
    void raise(const Rule& rule, const Decision& decision) {
        const std::string fingerprint = fingerprint_of(rule, decision.key);
        const auto open = open_.find(fingerprint);
        if (open == open_.end() && open_.size() + fresh_ >= most_open_) {
            too_many_ = true;
            return;
        }
        std::string extra;
        if (open != open_.end() && open->second.top_processes_json) {
            extra = "\"top_processes\":" + *open->second.top_processes_json;
        }
        alerts_.push_back(
            make_alert(rule, decision.subject, decision.reading, decision.severity, extra));
        const bool fresh = open == open_.end();
        fresh_ += fresh ? 1 : 0;
        hosts_.push_back(fresh && decision.subject.host != nullptr ? decision.subject.host->id : 0);
    }

    void resolve(const std::string& fingerprint, const std::string& reason,
                 const std::string& actor) {
        const auto open = open_.find(fingerprint);
        if (open == open_.end()) return;
        store::StatusChange change;
        change.alert_id = open->second.id;
        change.to = store::AlertStatus::resolved;
        change.actor = actor;
        change.by = reason.empty() || reason == "gone" ? "auto" : reason;
        if (!reason.empty()) change.comment = reason;
        closed_.push_back(std::move(change));
    }

    void resolve_own() {
        if (too_many_) own_.push_back(too_many_alerts_alert(most_open_));
        std::unordered_set<std::string> wanted = kept_;
        for (auto& alert : own_) {
            wanted.insert(alert.fingerprint);
            alerts_.push_back(std::move(alert));
            hosts_.push_back(0);
        }
        for (const auto& [fingerprint, alert] : open_) {
            if (alert.rule_id || wanted.contains(fingerprint)) continue;
            resolve(fingerprint, "", "evaluator");
        }
    }

    void add_culprits() {
        std::vector<std::int32_t> hosts;
        for (const auto host : hosts_) {
            if (host != 0 && std::find(hosts.begin(), hosts.end(), host) == hosts.end() &&
                hosts.size() < kMostCulprits) {
                hosts.push_back(host);
            }
        }
        culprits_ = store::read_culprits(session_, hosts, now_ - kOldestProcessTable);
        for (std::size_t i = 0; i < alerts_.size(); ++i) {
            const auto found = culprits_.find(hosts_[i]);
            if (found == culprits_.end()) continue;
            auto& metadata = alerts_[i].metadata_json;
            metadata.pop_back();
            metadata += ",\"top_processes\":" + found->second.top_json + '}';
        }
    }

    store::Session& session_;
    const Timestamp now_;
    const std::size_t most_open_;
    std::unordered_map<std::string, store::OpenAlert> open_;  // by fingerprint
    std::unordered_map<Uuid, States> states_;                 // by rule
    std::vector<store::NewAlert> alerts_;
    std::vector<std::int32_t> hosts_;  // of each of alerts_: the host if it is new, else 0
    std::unordered_map<std::int32_t, store::Culprits> culprits_;
    std::vector<store::NewAlert> own_;
    std::unordered_set<std::string> kept_;
    std::vector<store::StatusChange> closed_;
    std::vector<Uuid> stale_;
    std::vector<store::RuleStateRow> changed_;
    std::vector<store::SubjectKey> forgotten_;
    std::vector<store::RuleOutcome> outcomes_;
    std::size_t fresh_ = 0;
    bool too_many_ = false;
};

// The rules that are evaluated now; the others are switched off or cannot be read.
std::vector<Rule> active(const std::vector<StoredRule>& rules) {
    std::vector<Rule> all;
    for (const auto& stored : rules) {
        if (stored.rule && stored.row.is_active) all.push_back(*stored.rule);
    }
    return all;
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
    store::EvaluationMark mark = store::read_evaluation_mark(*session);
    Snapshot snapshot = loader_.load(*session, active(rules), now);

    const auto longest_pause =
        std::max<std::chrono::microseconds>(2 * options_.period, kLeastLateness);
    const bool late = mark.evaluated_at && now - *mark.evaluated_at > longest_pause;
    if (!mark.evaluated_at || late) mark.resumed_at = now;
    snapshot.watching_since = mark.resumed_at.value_or(Timestamp{});

    RoundResult result;
    result.evaluated_at = now;
    std::unordered_set<Uuid> triggered;
    store::Transaction transaction{*session};
    store::hold_leadership(*session, epoch);
    std::unordered_map<Uuid, Timestamp> versions;
    for (const auto& version : store::lock_rules(*session)) {
        versions.emplace(version.id, version.updated_at);
    }
    Writing writing{*session, now, options_.most_open_alerts};
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
    std::vector<std::string> unknown;
    for (auto& alert : clock_skew_alerts(snapshot.hosts, now, unknown)) {
        writing.own(std::move(alert));
    }
    writing.keep(unknown);
    if (late) {
        writing.own(evaluator_late_alert(now - *mark.evaluated_at, options_.period));
    }
    writing.write(result);
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
