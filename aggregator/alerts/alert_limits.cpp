#include "aggregator/alerts/alert_limits.h"

#include <algorithm>

#include "aggregator/alerts/self_monitoring.h"

namespace chorus::alerts {
namespace {

constexpr std::size_t kLeastOfHost = 100;

const std::string& hostname_of(const Subject& subject) {
    return subject.host != nullptr ? subject.host->hostname : subject.service->hostname;
}

}  // namespace

AlertLimits::AlertLimits(std::size_t most, const OpenAlerts& open)
    : most_(most), most_of_host_(std::max(most / 10, kLeastOfHost)), open_(open.size()) {
    for (const auto& [fingerprint, alert] : open) {
        if (alert.rule_id && alert.hostname) ++open_of_host_[*alert.hostname];
    }
}

bool AlertLimits::admit(const Condition& condition, const Subject& subject) {
    if (open_ >= most_) {
        refused_ = true;
        return false;
    }
    // That it is silent is told of every host.
    if (!std::holds_alternative<HostSilentCondition>(condition)) {
        const std::string& hostname = hostname_of(subject);
        if (!hostname.empty() && open_of_host_[hostname] >= most_of_host_) {
            refused_hosts_.insert(hostname);
            return false;
        }
        if (!hostname.empty()) ++open_of_host_[hostname];
    }
    ++open_;
    return true;
}

std::vector<store::NewAlert> AlertLimits::exceeded() const {
    std::vector<store::NewAlert> alerts;
    if (refused_) alerts.push_back(too_many_alerts_alert(most_));
    for (const auto& hostname : refused_hosts_) {
        alerts.push_back(too_many_alerts_alert(hostname, most_of_host_));
    }
    return alerts;
}

std::vector<std::string> AlertLimits::reached() const {
    std::vector<std::string> fingerprints;
    if (open_ >= most_) fingerprints.push_back(too_many_alerts_alert(most_).fingerprint);
    for (const auto& [hostname, count] : open_of_host_) {
        if (count < most_of_host_) continue;
        fingerprints.push_back(too_many_alerts_alert(hostname, most_of_host_).fingerprint);
    }
    return fingerprints;
}

}  // namespace chorus::alerts
