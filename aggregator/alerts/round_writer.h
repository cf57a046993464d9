// Gathers the decisions of one round of evaluation, and writes each kind by one statement.
#pragma once

#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "aggregator/alert_store/alert_refresh.h"
#include "aggregator/alert_store/alert_store.h"
#include "aggregator/alert_store/culprits.h"
#include "aggregator/alert_store/rule_states.h"
#include "aggregator/alerts/judge.h"
#include "common/uuid.h"

namespace chorus::alerts {

struct CreatedAlert {
    Uuid id;
    std::string alert_type;
    std::string severity;
    std::string title;
};

struct Written {
    std::vector<CreatedAlert> created;
    std::size_t resolved = 0;
};

// Lives within the transaction of the round. Its constructor reads open alerts and states.
class RoundWriter {
  public:
    // `most_open`: how many alerts may be open. More are not opened, and one alert says so. One
    // host may have a tenth of them, so that it takes no room from the others.
    RoundWriter(store::Session& session, Timestamp now, std::size_t most_open);

    bool is_open(const std::string& fingerprint) const { return open_.contains(fingerprint); }
    // What is remembered about a rule.
    const States& states(const Uuid& rule) const;

    void take(const Rule& rule, const Judgement& judged);
    // The rule was switched off. Its open alerts end.
    void switch_off(const Uuid& rule);
    // The rule cannot be evaluated.
    void fail(const store::RuleRow& rule, const std::string& error);
    // Alerts without a rule. Those that are open and not wanted any more are resolved, except the
    // ones to be kept.
    void own(store::NewAlert alert) { own_.push_back(std::move(alert)); }
    void keep(const std::vector<std::string>& fingerprints) {
        kept_.insert(fingerprints.begin(), fingerprints.end());
    }

    // Nothing is received from that host. If some rule reports its silence, its other alerts stay
    // muted.
    void unheard(const std::string& hostname, bool told) { unheard_.emplace(hostname, told); }

    Written write();

  private:
    // Whether there is room for another alert.
    bool has_room(const Rule& rule, const Decision& decision);
    void raise(const Rule& rule, const Decision& decision);
    // Updates what an open alert says about the present.
    void refresh(const Rule& rule, const Decision& decision);
    void resolve(const std::string& fingerprint, const std::string& reason,
                 const std::string& actor);
    void add_own();
    void inhibit();
    void add_culprits();

    store::Session& session_;
    const Timestamp now_;
    const std::size_t most_open_;
    const std::size_t most_of_host_;
    std::unordered_map<std::string, store::OpenAlert> open_;  // by fingerprint
    std::unordered_map<Uuid, States> states_;                 // by rule
    std::vector<store::NewAlert> alerts_;
    struct About {
        std::int32_t host = 0;  // 0: the alert is not new, or of no host
        store::Resource resource = store::Resource::cpu;
    };
    std::vector<About> about_;  // of each of alerts_
    std::unordered_map<std::int32_t, store::Culprits> culprits_;
    std::vector<store::NewAlert> own_;
    std::unordered_set<std::string> kept_;
    std::unordered_set<std::string> silent_hosts_;  // hosts that an open alert calls silent
    std::unordered_map<std::string, bool> unheard_;
    std::vector<store::AlertRefresh> refreshed_;
    std::vector<store::StatusChange> closed_;
    std::vector<store::StatusChange> inhibited_;
    std::vector<Uuid> stale_, fresh_;  // alerts that became so
    std::vector<store::RuleStateRow> changed_;
    std::vector<store::SubjectKey> forgotten_;
    std::vector<store::RuleOutcome> outcomes_;
    std::size_t opened_ = 0;
    bool too_many_ = false;
    std::unordered_map<std::string, std::size_t> open_of_host_;
    std::set<std::string> crowded_hosts_;
};

}  // namespace chorus::alerts
