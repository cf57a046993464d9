// How many alerts may be open: in all, and of one host.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "aggregator/alert_store/alert_store.h"
#include "aggregator/alert_store/rule_states.h"
#include "aggregator/alerts/evaluate.h"

namespace chorus::alerts {

// Open alerts by fingerprint.
using OpenAlerts = std::unordered_map<std::string, store::OpenAlert>;

// Counts the alerts that a round opens on top of those that are open. What the round ends makes
// room only for the next round.
class AlertLimits {
  public:
    // `most` in all. One host may have a tenth of them, but at least 100, so that it takes no room
    // from the others.
    AlertLimits(std::size_t most, const OpenAlerts& open);

    // Whether one more alert of that rule and subject may be opened. Counts it if so.
    bool admit(const Condition& condition, const Subject& subject);

    // One alert for each limit at which something was refused in this round.
    std::vector<store::NewAlert> exceeded() const;
    // Fingerprints of the alerts of all limits that are reached. What was refused waits for its
    // cooldown: that nothing is refused now does not end them.
    std::vector<std::string> reached() const;

  private:
    const std::size_t most_;
    const std::size_t most_of_host_;
    std::size_t open_;
    std::unordered_map<std::string, std::size_t> open_of_host_;
    bool refused_ = false;
    std::set<std::string> refused_hosts_;
};

}  // namespace chorus::alerts
