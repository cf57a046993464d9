#include "aggregator/http/failure_table.h"

namespace chorus::http {

std::optional<std::chrono::seconds> FailureTable::wait(const std::string& address) {
    const auto now = clock_.steady();
    const std::lock_guard lock(mutex_);
    const auto found = failures_.find(address);
    if (found == failures_.end()) {
        make_room(now);
        if (failures_.size() < kMostAddresses) return std::nullopt;
        return kWindow;
    }
    const auto left = found->second.since + kWindow - now;
    if (found->second.count < kMostFailures || left.count() <= 0) return std::nullopt;
    return std::chrono::ceil<std::chrono::seconds>(left);
}

void FailureTable::add(const std::string& address) {
    const auto now = clock_.steady();
    const std::lock_guard lock(mutex_);
    auto found = failures_.find(address);
    if (found == failures_.end()) {
        make_room(now);
        if (failures_.size() >= kMostAddresses) return;
        found = failures_.emplace(address, Failures{now, 0}).first;
    }
    auto& [since, count] = found->second;
    if (now - since >= kWindow) {
        since = now;
        count = 0;
    }
    if (count < kMostFailures) ++count;
}

void FailureTable::make_room(std::chrono::nanoseconds now) {
    if (failures_.size() < kMostAddresses) return;
    std::erase_if(failures_,
                  [&](const auto& entry) { return now - entry.second.since >= kWindow; });
}

}  // namespace chorus::http
