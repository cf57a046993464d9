// What is known of tokens that were asked about lately.
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

// A table of hashes, never of tokens, with what the database said of each. Bounded: bad tokens and
// old answers go first, and while it is full of good ones no more are noted. Thread-safe.
class TokenMemory {
  public:
    static constexpr std::size_t kMost = 100'000;
    // How long a token that was good is taken for good while the database is away.
    static constexpr std::chrono::minutes kLongest{5};

    explicit TokenMemory(const Clock& clock) : clock_(clock) {}

    struct Known {
        std::optional<http::Principal>
            principal{};  // nullopt: no such token, or one that has ended
        std::optional<Timestamp> expires_at{};
        std::chrono::nanoseconds verified{0};  // by the steady clock, before the database was asked
    };
    // What was said of it within `age`; a token that has expired since is none.
    std::optional<Known> find(const std::string& hash, std::chrono::nanoseconds age) const;
    void note(const std::string& hash, Known known);
    // The token was revoked: it is not known as good any more, whatever was said of it before,
    // also to those who asked before and note it afterwards.
    void forget(std::int64_t token_id);

  private:
    void make_room(std::chrono::nanoseconds now);

    const Clock& clock_;
    mutable std::mutex mutex_;                                            // protects the two below
    std::unordered_map<std::string, Known> known_;                        // by hash
    std::unordered_map<std::int64_t, std::chrono::nanoseconds> revoked_;  // when, lately
};

}  // namespace chorus::api
