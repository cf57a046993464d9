// Sends one batch once and decides what to do next.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "agent/push/answer.h"
#include "agent/push/backoff.h"
#include "agent/push/delivery_note.h"
#include "agent/push/epoch_map.h"
#include "agent/push/ingest_client.h"
#include "agent/push/send_queue.h"
#include "common/clock.h"
#include "common/uuid.h"

namespace chorus::agent {

enum class Outcome {
    stored,
    expired,      // taken, but too old to be stored
    dropped,      // it will never be taken
    again,        // changed; send it at once
    away,         // no answer, or one that says "later"
    not_allowed,  // an operator has to do something
};

struct Step {
    Outcome outcome = Outcome::away;
    std::chrono::milliseconds wait{0};  // before the next try of the same batch

    bool is_final() const {
        return outcome == Outcome::stored || outcome == Outcome::expired ||
               outcome == Outcome::dropped;
    }
};

// What happened since the start; read by other threads.
struct DeliveryCounts {
    std::atomic<std::uint64_t> stored{0};
    std::atomic<std::uint64_t> expired{0};     // answered 200, but not stored
    std::atomic<std::uint64_t> warnings{0};    // values and rows that were not stored as sent
    std::atomic<bool> last_expired{false};     // of the last answer of 200
    std::atomic<std::uint64_t> refused{0};     // dropped after 400, 413, 415, 422
    std::atomic<std::uint64_t> shortened{0};   // lost processes to 413
    std::atomic<std::uint64_t> failed{0};      // tries that have to be made again
    std::atomic<double> latency_ms{kUnknown};  // of the last try that was stored
    std::atomic<double> skew_ms{kUnknown};     // the aggregator's clock less this host's
    std::atomic<std::int64_t> last_stored{0};  // seconds since 1970, 0 = never

    static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
};

// For one thread.
class Delivery {
  public:
    using Post = std::function<std::variant<Answer, NoAnswer>(std::string_view body_zstd)>;
    // Gets the batches that no aggregator will ever take.
    using Bury = std::function<void(const PackedBatch&)>;

    // `epochs` and `note` outlive the object.
    Delivery(Post post, Bury bury, const Clock& clock, EpochMap& epochs, DeliveryNote& note,
             double interval_seconds, Backoff backoff);

    // May change the batch (413). Never throws for what the network does.
    Step attempt(PackedBatch& batch);

    const DeliveryCounts& counts() const { return counts_; }

  private:
    Step handle(const Answer& answer, PackedBatch& batch, const std::string& json);
    Step on_accepted(const Answer& answer);
    void tell_not_kept(const StoredAnswer& answer);
    void tell_interval(const StoredAnswer& answer);
    Step on_forbidden(const Answer& answer);
    void tell_times(const StoredAnswer& stored);
    Step on_conflict();
    Step on_too_large(PackedBatch& batch, const std::string& json);
    Step drop(const PackedBatch& batch, const Answer& answer);
    Step retry_later(std::string reason, std::optional<std::chrono::seconds> asked);
    void tell_once(const std::string& trouble);

    Post post_;
    Bury bury_;
    const Clock& clock_;
    EpochMap& epochs_;
    DeliveryNote& note_;
    double interval_seconds_;
    Backoff backoff_;
    DeliveryCounts counts_;
    std::string not_kept_;  // the last warning that something was not stored, empty = all was
    std::string trouble_;   // the last one that was logged, empty while all is well
    Uuid epoch_;            // the last batch was made with
    std::optional<Uuid> renewed_;  // by the last conflict; nothing was stored since
    bool told_interval_ = false;
    std::chrono::nanoseconds took_{0};  // the last try
    Timestamp sent_at_;
};

}  // namespace chorus::agent
