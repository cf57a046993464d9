#include "aggregator/alerts/round_writer.h"

#include <algorithm>
#include <iterator>

#include "aggregator/alert_store/silence_store.h"
#include "aggregator/alerts/alert_text.h"
#include "aggregator/alerts/own_alerts.h"
#include "aggregator/alerts/ranking.h"
#include "aggregator/alerts/stored_states.h"
#include "common/json_writer.h"

namespace chorus::alerts {

using store::kInhibitedReason;

namespace {

// Hosts whose processes are looked up in one round; alerts of further ones are opened without.
constexpr std::size_t kMostCulprits = 100;
// A host may have so many alerts open, or a tenth of all if that is more.
constexpr std::size_t kMostOfHost = 100;
constexpr std::chrono::hours kOldestProcessTable{26};

// Adds a member to the text of a JSON object that is not empty.
void add_member(std::string& object, std::string_view name, const std::string& value) {
    object.pop_back();
    ((((object += ",\"") += name) += "\":") += value) += '}';
}
std::string quoted(std::string_view word) {
    return JsonWriter{}.value(word).take();
}

// Alerts that were opened before this was kept say no more.
std::string fired_text(const store::OpenAlert& open) {
    return open.fired_text.value_or("Open since " + moment(open.created_at) + '.');
}

// The alert of a subject that is there; `open`: the one that is open already.
store::NewAlert alert_of(const Rule& rule, const Decision& decision, const store::OpenAlert* open,
                         Timestamp now) {
    auto alert = make_alert(rule, decision.subject, decision.reading, decision.severity, now);
    if (open == nullptr || decision.action == Action::fire) {
        const std::string fired = JsonWriter{}
                                      .begin_object()
                                      .field("at", now)
                                      .field("value", decision.reading.value)
                                      .field("threshold", decision.reading.threshold)
                                      .field("text", *alert.description)
                                      .end_object()
                                      .take();
        add_member(alert.metadata_json, "fired", fired);
    } else {
        alert.description = fired_text(*open) + now_text(rule, decision, now);
        if (open->fired_json) add_member(alert.metadata_json, "fired", *open->fired_json);
    }
    if (open != nullptr && open->top_processes_json) {
        add_member(alert.metadata_json, "top_processes", *open->top_processes_json);
    }
    return alert;
}

}  // namespace

RoundWriter::RoundWriter(store::Session& session, Timestamp now, std::size_t most_open)
    : session_(session),
      now_(now),
      most_open_(most_open),
      most_of_host_(std::max(most_open / 10, kMostOfHost)) {
    for (auto& alert : store::read_open_alerts(session, own_alert_types())) {
        std::string fingerprint = alert.fingerprint;
        if (alert.rule_id && alert.hostname) ++open_of_host_[*alert.hostname];
        open_.emplace(std::move(fingerprint), std::move(alert));
    }
    for (auto& row : store::read_rule_states(session)) {
        states_[row.rule_id].emplace(row.subject, state_of(row));
    }
}

const States& RoundWriter::states(const Uuid& rule) const {
    static const States none;
    const auto found = states_.find(rule);
    return found == states_.end() ? none : found->second;
}

void RoundWriter::take(const Rule& rule, const Judgement& judged) {
    const bool silence = std::holds_alternative<HostSilentCondition>(rule.condition);
    for (const auto& decision : judged.decisions) {
        const bool fires = decision.action == Action::fire || decision.action == Action::bump;
        if (fires && silence) silent_hosts_.insert(decision.subject.host->hostname);
        if (fires) {
            raise(rule, decision);
            continue;
        }
        refresh(rule, decision);
        if (decision.action == Action::resolve) {
            resolve(fingerprint_of(rule, decision.key), decision.gone ? "gone" : "",
                    actor_of(rule));
        }
    }
    for (const auto& [key, state] : judged.changed) {
        changed_.push_back(row_of(rule.id, key, state));
        const auto open = open_.find(fingerprint_of(rule, key));
        if (open != open_.end() && open->second.stale && !state.stale) {
            fresh_.push_back(open->second.id);
        }
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

void RoundWriter::switch_off(const Uuid& rule) {
    for (const auto& [key, state] : states(rule)) forgotten_.push_back({rule, key});
    for (const auto& [fingerprint, alert] : open_) {
        if (alert.rule_id == rule) resolve(fingerprint, "rule_disabled", "evaluator");
    }
}

void RoundWriter::fail(const store::RuleRow& rule, const std::string& error) {
    outcomes_.push_back({rule.id, "error", error, false});
    own_.push_back(rule_error_alert(rule, error));
}

Written RoundWriter::write() {
    Written result;
    add_culprits();
    add_own();
    inhibit();
    const auto opened = store::open_alerts(session_, alerts_, now_);
    std::vector<store::AlertContextRow> contexts;
    for (std::size_t i = 0; i < opened.size(); ++i) {
        if (!opened[i].created) continue;
        const auto& alert = alerts_[i];
        result.created.push_back({opened[i].id, alert.alert_type,
                                  std::string(store::to_string(alert.severity)), alert.title});
        const auto culprits = culprits_.find(about_[i].host);
        if (culprits == culprits_.end()) continue;
        std::string context = culprits->second.context_json;
        add_member(context, "ranked_by", quoted(store::to_string(about_[i].resource)));
        contexts.push_back({opened[i].id, std::move(context)});
    }
    store::put_contexts(session_, contexts, now_);
    store::refresh_alerts(session_, refreshed_, now_);
    result.resolved = closed_.size();
    closed_.insert(closed_.end(), std::make_move_iterator(inhibited_.begin()),
                   std::make_move_iterator(inhibited_.end()));
    store::change_statuses(session_, closed_, now_);
    store::mark_stale(session_, stale_, fresh_);
    store::write_rule_states(session_, changed_, forgotten_);
    store::write_rule_outcomes(session_, outcomes_, now_);
    return result;
}

bool RoundWriter::has_room(const Rule& rule, const Decision& decision) {
    if (open_.size() + opened_ >= most_open_) {
        too_many_ = true;
        return false;
    }
    // That it is silent is told of every host.
    if (std::holds_alternative<HostSilentCondition>(rule.condition)) return true;
    const std::string& hostname = decision.subject.host != nullptr
                                      ? decision.subject.host->hostname
                                      : decision.subject.service->hostname;
    if (hostname.empty()) return true;
    std::size_t& count = open_of_host_[hostname];
    if (count >= most_of_host_) {
        crowded_hosts_.insert(hostname);
        return false;
    }
    ++count;
    return true;
}

void RoundWriter::raise(const Rule& rule, const Decision& decision) {
    const std::string fingerprint = fingerprint_of(rule, decision.key);
    const auto open = open_.find(fingerprint);
    if (open == open_.end() && !has_room(rule, decision)) return;
    const bool fresh = open == open_.end();
    auto alert = alert_of(rule, decision, fresh ? nullptr : &open->second, now_);
    alerts_.push_back(std::move(alert));
    opened_ += fresh ? 1 : 0;
    about_.push_back({fresh && decision.subject.host != nullptr ? decision.subject.host->id : 0,
                      resource_of(rule.condition)});
}

void RoundWriter::refresh(const Rule& rule, const Decision& decision) {
    const auto open = open_.find(fingerprint_of(rule, decision.key));
    if (open == open_.end()) return;
    store::AlertRefresh refresh;
    refresh.alert_id = open->second.id;
    refresh.actor = actor_of(rule);
    if (decision.action == Action::refresh) refresh.severity = decision.severity;
    const bool known = decision.reading.verdict != Reading::Verdict::no_data && !decision.gone;
    if (known) {
        auto alert = alert_of(rule, decision, &open->second, now_);
        refresh.description = std::move(*alert.description);
        refresh.metadata_json = std::move(alert.metadata_json);
    } else {
        refresh.description = fired_text(open->second) + now_text(rule, decision, now_);
    }
    refreshed_.push_back(std::move(refresh));
}

void RoundWriter::resolve(const std::string& fingerprint, const std::string& reason,
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

void RoundWriter::add_own() {
    if (too_many_) own_.push_back(too_many_alerts_alert(most_open_));
    for (const auto& hostname : crowded_hosts_) {
        own_.push_back(too_many_alerts_alert(hostname, most_of_host_));
    }
    std::unordered_set<std::string> wanted = kept_;
    // What was refused waits for its cooldown: that nothing is refused now ends nothing.
    if (open_.size() + opened_ >= most_open_) {
        wanted.insert(too_many_alerts_alert(most_open_).fingerprint);
    }
    for (const auto& [hostname, count] : open_of_host_) {
        if (count < most_of_host_) continue;
        wanted.insert(too_many_alerts_alert(hostname, most_of_host_).fingerprint);
    }
    for (auto& alert : own_) {
        wanted.insert(alert.fingerprint);
        alerts_.push_back(std::move(alert));
        about_.push_back({});
    }
    for (const auto& [fingerprint, alert] : open_) {
        if (is_own(alert) && !wanted.contains(fingerprint)) resolve(fingerprint, "", "evaluator");
    }
}

// What a silent host had, or a person tells of it, is muted: one alert says it all. When the host
// is back, what is still open is active again; that the one alert has ended does not bring it back.
void RoundWriter::inhibit() {
    const auto muted = [&](const std::string& type, const std::optional<std::string>& host) {
        return host && type != "host_silent" && silent_hosts_.contains(*host);
    };
    for (auto& alert : alerts_) {
        if (muted(alert.alert_type, alert.hostname)) alert.suppressed_by = kInhibitedReason;
    }
    std::unordered_set<Uuid> closed;
    for (const auto& change : closed_) closed.insert(change.alert_id);
    std::unordered_set<std::string> told;  // of whose silence an alert is open
    for (const auto& [fingerprint, alert] : open_) {
        if (alert.alert_type != "host_silent" || !alert.hostname) continue;
        if (!closed.contains(alert.id)) told.insert(*alert.hostname);
    }
    for (const auto& [fingerprint, alert] : open_) {
        if (closed.contains(alert.id)) continue;
        const bool mute = muted(alert.alert_type, alert.hostname);
        if (mute && alert.status == store::AlertStatus::active) {
            inhibited_.push_back({.alert_id = alert.id,
                                  .to = store::AlertStatus::suppressed,
                                  .actor = "evaluator",
                                  .comment = *alert.hostname + " is silent",
                                  .only_from = store::AlertStatus::active,
                                  .suppressed_by = kInhibitedReason});
        } else if (!mute && alert.suppressed_by == kInhibitedReason) {
            const std::string hostname = alert.hostname.value_or("");
            const auto unheard = unheard_.find(hostname);
            const bool back = unheard == unheard_.end();
            if (!back && (unheard->second || told.contains(hostname))) continue;
            inhibited_.push_back({.alert_id = alert.id,
                                  .to = store::AlertStatus::active,
                                  .actor = "evaluator",
                                  .comment = back ? hostname + " is back"
                                                  : "No rule tells of the silence of " + hostname,
                                  .only_from = store::AlertStatus::suppressed});
        }
    }
}

void RoundWriter::add_culprits() {
    std::vector<std::int32_t> hosts;
    for (const auto& [host, resource] : about_) {
        if (host != 0 && std::find(hosts.begin(), hosts.end(), host) == hosts.end() &&
            hosts.size() < kMostCulprits) {
            hosts.push_back(host);
        }
    }
    culprits_ = store::read_culprits(session_, hosts, now_ - kOldestProcessTable);
    for (std::size_t i = 0; i < alerts_.size(); ++i) {
        const auto found = culprits_.find(about_[i].host);
        if (found == culprits_.end()) continue;
        add_member(alerts_[i].metadata_json, "top_processes",
                   found->second.top_json.at(static_cast<std::size_t>(about_[i].resource)));
    }
}

}  // namespace chorus::alerts
