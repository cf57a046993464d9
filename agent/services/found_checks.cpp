#include "agent/services/found_checks.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace chorus::agent {

using std::chrono::milliseconds;

void FoundChecks::add(AgentServiceCheck check, Clock::time_point at) {
    found_.push_back({std::move(check), at});
    if (found_.size() <= limits::kServiceChecksPerBatch) return;
    for (auto old = found_.begin(); old != found_.end(); ++old) {
        const bool superseded = std::any_of(std::next(old), found_.end(), [&](const Found& newer) {
            return newer.check.name == old->check.name;
        });
        if (!superseded) continue;
        found_.erase(old);
        return;
    }
    found_.pop_front();
}

std::vector<AgentServiceCheck> FoundChecks::take(Clock::time_point now) {
    std::vector<AgentServiceCheck> checks;
    checks.reserve(found_.size());
    for (Found& one : found_) {
        one.check.age = std::clamp<milliseconds>(std::chrono::round<milliseconds>(now - one.at),
                                                 milliseconds{0}, limits::kServiceCheckAge);
        checks.push_back(std::move(one.check));
    }
    found_.clear();
    return checks;
}

}  // namespace chorus::agent
