// The streams of agents, by which the aggregator can send orders.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "aggregator/http/response.h"
#include "aggregator/http/stream_hub.h"
#include "common/metrics.h"
#include "common/uuid.h"

namespace chorus::live {

// Thread-safe. An agent has one stream; a new one takes the place of the old.
class AgentStreams {
  public:
    // Both outlive the object; the hub is stopped before it is destroyed.
    AgentStreams(http::StreamHub& hub, MetricsRegistry& metrics, std::size_t most = 20'000);

    // Answers with a stream that begins with the agent's interval (nullopt: as it is configured).
    // Throws HttpError 503 if there are as many agents as allowed.
    http::Response open(const Uuid& agent, std::optional<std::int64_t> token_id,
                        std::optional<double> interval_seconds);

    // Asks every agent, or one, to collect and send at once. Returns how many were asked.
    std::size_t collect_now(bool processes);
    std::size_t collect_now(const Uuid& agent, bool processes);
    // Sends the agent, if it listens, the interval at which to collect (nullopt: as it is
    // configured).
    void set_interval(const Uuid& agent, std::optional<double> seconds);
    std::size_t connected() const;
    // The tokens with which agents came; and ends the streams of one of them.
    std::vector<std::int64_t> tokens() const;
    void close(std::int64_t token_id);

  private:
    class Seat;
    struct Listener {
        http::StreamId id;
        std::optional<std::int64_t> token_id;
    };
    void attach(const Poco::Net::StreamSocket& socket, const std::shared_ptr<Seat>& seat,
                const Uuid& agent, std::optional<std::int64_t> token_id,
                std::optional<double> interval_seconds);
    void forget(const Uuid& agent, http::StreamId id);

    http::StreamHub& hub_;
    const std::size_t most_;
    Gauge& gauge_;
    std::atomic<std::size_t> seats_{0};

    mutable std::mutex mutex_;  // protects agents_
    std::unordered_map<Uuid, Listener> agents_;
};

}  // namespace chorus::live
