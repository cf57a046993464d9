// The streams of dashboards: who listens, and which events were sent lately.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "aggregator/http/request.h"
#include "aggregator/http/response.h"
#include "aggregator/http/stream_hub.h"
#include "common/clock.h"
#include "common/metrics.h"

namespace chorus::live {

struct ViewerLimits {
    std::size_t clients = 64;
    std::size_t kept_events = 1'000;  // for those that come back with Last-Event-ID
    std::size_t kept_bytes = 1U << 20U;
    std::chrono::seconds kept_for{300};  // events are gathered so long after the last client left
};

// Thread-safe. Ids always grow, also after a restart, because they begin at the time of the start
// in microseconds.
class ViewerStreams {
  public:
    // All outlive the object; the hub is stopped before it is destroyed.
    ViewerStreams(http::StreamHub& hub, const Clock& clock, MetricsRegistry& metrics,
                  ViewerLimits limits = {});

    // Answers GET with a stream of the events of `hostname`, or of all hosts. Events after
    // Last-Event-ID come first, if they are still kept. Throws HttpError 503 if there are as many
    // clients as allowed.
    http::Response open(const http::Request& request, std::optional<std::string> hostname);

    // Whether somebody listens or may come back. If not, no events need to be made.
    bool wanted() const;
    // `hostname` is empty for what belongs to no host; `json` is one line.
    void publish(std::string_view name, std::string_view hostname, std::string_view json);
    std::size_t clients() const { return seats_; }
    // The tokens with which clients came; and ends all streams that came with one of them.
    std::vector<std::int64_t> tokens() const;
    void close(std::int64_t token_id);

  private:
    class Seat;
    struct Kept {
        std::uint64_t id;
        std::string hostname;
        http::StreamBytes bytes;
    };
    using Filter = std::optional<std::string>;
    struct Client {
        Filter filter;
        std::optional<std::int64_t> token_id;
    };

    static bool passes(const Filter& filter, std::string_view hostname) {
        return !filter || *filter == hostname;
    }
    void attach(const Poco::Net::StreamSocket& socket, const std::shared_ptr<Seat>& seat,
                const Client& client, std::optional<std::uint64_t> last_seen);
    void forget(http::StreamId id);

    http::StreamHub& hub_;
    const Clock& clock_;
    const ViewerLimits limits_;
    Gauge& gauge_;
    std::atomic<std::size_t> seats_{0};
    std::atomic<std::chrono::nanoseconds::rep> last_left_;

    mutable std::mutex mutex_;  // protects all below
    std::map<http::StreamId, Client> clients_;
    std::deque<Kept> kept_;
    std::size_t kept_bytes_ = 0;
    std::uint64_t last_id_;
};

}  // namespace chorus::live
