#include "aggregator/api/access/token_memory.h"

namespace chorus::api {

std::optional<TokenMemory::Known> TokenMemory::find(const std::string& hash,
                                                    std::chrono::nanoseconds age) const {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(hash);
    if (found == known_.end() || clock_.steady() - found->second.verified >= age) {
        return std::nullopt;
    }
    Known known = found->second;
    if (known.expires_at && *known.expires_at <= clock_.now()) known.principal.reset();
    return known;
}

void TokenMemory::note(const std::string& hash, Known known) {
    const std::lock_guard lock(mutex_);
    if (known_.size() >= kMost && !known_.contains(hash)) make_room(clock_.steady());
    if (known_.size() >= kMost && !known_.contains(hash)) return;
    if (known.principal && revoked_.contains(known.principal->token_id.value_or(0))) {
        known.principal.reset();
    }
    known_[hash] = std::move(known);
}

void TokenMemory::forget(std::int64_t token_id) {
    const std::lock_guard lock(mutex_);
    const auto now = clock_.steady();
    std::erase_if(revoked_, [&](const auto& entry) { return now - entry.second >= kLongest; });
    revoked_[token_id] = now;
    for (auto& [hash, known] : known_) {
        if (known.principal && known.principal->token_id == token_id) known.principal.reset();
    }
}

void TokenMemory::make_room(std::chrono::nanoseconds now) {
    std::erase_if(known_, [&](const auto& entry) {
        return !entry.second.principal || now - entry.second.verified >= kLongest;
    });
}

}  // namespace chorus::api
