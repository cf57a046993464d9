#include "agent/push/epoch_map.h"

#include <cerrno>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "agent/push/small_file.h"
#include "common/log.h"

namespace chorus::agent {
namespace {

constexpr Logger kEpochMapLog{"push"};
constexpr std::size_t kMostEpochs = 1'000;

}  // namespace

EpochMap::EpochMap(std::string path) : path_(std::move(path)) {
    if (!path_.empty()) load();
}

// "EPOCH EPOCH" a line; other lines are left out.
void EpochMap::load() {
    std::ifstream file(path_);
    std::string from, to;
    while (renewed_.size() < kMostEpochs && file >> from >> to) {
        const auto old_epoch = Uuid::parse(from);
        const auto new_epoch = Uuid::parse(to);
        if (old_epoch && new_epoch) renewed_[*old_epoch] = *new_epoch;
    }
}

Uuid EpochMap::current(const Uuid& epoch) const {
    const auto at = renewed_.find(epoch);
    return at == renewed_.end() ? epoch : at->second;
}

void EpochMap::renew(const Uuid& epoch) {
    if (renewed_.size() >= kMostEpochs) renewed_.erase(renewed_.begin());
    renewed_[epoch] = Uuid::random();
    if (!path_.empty() && !keep()) {
        kEpochMapLog.warning("The new epoch cannot be kept",
                             {{"error", std::generic_category().message(errno)}});
    }
}

bool EpochMap::keep() const {
    std::string text;
    for (const auto& [from, to] : renewed_) text += from.to_string() + ' ' + to.to_string() + '\n';
    return replace_file(path_, text);
}

}  // namespace chorus::agent
