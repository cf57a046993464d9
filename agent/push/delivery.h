// One batch, one try: sends it and decides what comes of it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "agent/push/answer.h"
#include "agent/push/backoff.h"
#include "agent/push/batch_queue.h"
#include "agent/push/ingest_client.h"
#include "common/clock.h"
#include "common/uuid.h"

namespace chorus::agent {

enum class Outcome {
    stored,
    dropped,      // it will never be taken
    again,        // changed; send it at once
    away,         // no answer, or one that says "later"
    not_allowed,  // an operator has to do something
};

struct Step {
    Outcome outcome = Outcome::away;
    std::chrono::milliseconds wait{0};  // before the next try of the same batch

    bool is_final() const { return outcome == Outcome::stored || outcome == Outcome::dropped; }
};

// What happened since the start; read by other threads.
struct DeliveryCounts {
    std::atomic<std::uint64_t> stored{0};
    std::atomic<std::uint64_t> refused{0};   // dropped after 400, 413, 415, 422
    std::atomic<std::uint64_t> stripped{0};  // sent without their process table after 413
    std::atomic<std::uint64_t> failed{0};    // tries that have to be made again
};

// For one thread.
class Delivery {
  public:
    using Post = std::function<std::variant<Answer, NoAnswer>(std::string_view body_zstd)>;

    Delivery(Post post, const Clock& clock, Uuid epoch, double interval_seconds, Backoff backoff);

    // May change the batch (413). Never throws for what the network does.
    Step attempt(PackedBatch& batch);

    const DeliveryCounts& counts() const { return counts_; }
    const Uuid& epoch() const { return epoch_; }

  private:
    Step handle(const Answer& answer, PackedBatch& batch, const std::string& json);
    Step on_stored(const Answer& answer);
    Step on_conflict(const PackedBatch& batch);
    Step on_too_large(PackedBatch& batch, const std::string& json);
    Step drop(const PackedBatch& batch, const Answer& answer);
    Step retry_later(std::string reason, std::optional<std::chrono::seconds> asked);
    void tell_once(const std::string& trouble);

    Post post_;
    const Clock& clock_;
    Uuid epoch_;
    double interval_seconds_;
    Backoff backoff_;
    DeliveryCounts counts_;
    std::string trouble_;  // last one that was logged, empty while all is well
    std::optional<std::int64_t> conflicted_seq_;
    bool told_interval_ = false;
};

}  // namespace chorus::agent
