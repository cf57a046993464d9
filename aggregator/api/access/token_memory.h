// What the database said lately about tokens.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "aggregator/http/request.h"
#include "common/clock.h"

namespace chorus::api {

// A table of hashes, never of tokens, with what the database said about each. It is bounded: bad
// tokens and old answers go first. While it is full of good tokens, no more are noted. Thread-safe.
class TokenMemory {
  public:
    static constexpr std::size_t kMost = 100'000;
    // How long a token that was good still counts as good while the database is away.
    static constexpr std::chrono::minutes kLongest{5};

    explicit TokenMemory(const Clock& clock) : clock_(clock) {}

    struct Known {
        std::optional<http::Principal>
            principal{};  // nullopt: no such token, or one that has ended
        std::optional<Timestamp> expires_at{};
        std::chrono::nanoseconds verified{0};  // by the steady clock, before the database was asked
    };
    // What was said about the token within `age`. A token that has expired since counts as unknown.
    std::optional<Known> find(const std::string& hash, std::chrono::nanoseconds age) const;
    void note(const std::string& hash, Known known);
    // The token was revoked: it does not count as good any more. That holds for answers that were
    // noted before, and for answers from before that are noted later.
    void forget(std::int64_t token_id);

  private:
    void make_room(std::chrono::nanoseconds now);

    const Clock& clock_;
    mutable std::mutex mutex_;                                            // protects the two below
    std::unordered_map<std::string, Known> known_;                        // by hash
    std::unordered_map<std::int64_t, std::chrono::nanoseconds> revoked_;  // when, lately
};

}  // namespace chorus::api
