#include "aggregator/live/viewer_streams.h"

#include <charconv>

#include "aggregator/live/server_event.h"

namespace chorus::live {
namespace {

constexpr int kViewerRetrySeconds = 10;
constexpr std::string_view kHello = "retry: 3000\n\n";

// Nothing for what is no id of ours: then the stream begins with what comes from now on.
std::optional<std::uint64_t> read_id(std::string_view text) {
    std::uint64_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return id;
}

}  // namespace

// Counts a client from its request to the end of its stream, however that comes.
class ViewerStreams::Seat {
  public:
    explicit Seat(ViewerStreams& streams) : streams_(streams) {
        granted_ = ++streams_.seats_ <= streams_.limits_.clients;
        streams_.gauge_.set(static_cast<double>(streams_.seats_));
    }
    ~Seat() {
        if (granted_) streams_.last_left_ = streams_.clock_.steady().count();
        streams_.gauge_.set(static_cast<double>(--streams_.seats_));
    }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;
    bool granted() const { return granted_; }

  private:
    ViewerStreams& streams_;
    bool granted_ = false;
};

ViewerStreams::ViewerStreams(http::StreamHub& hub, const Clock& clock, MetricsRegistry& metrics,
                             ViewerLimits limits)
    : hub_(hub),
      clock_(clock),
      limits_(limits),
      gauge_(metrics.gauge("chorus_aggregator_sse_clients", "Clients of the live streams.",
                           {{"kind", "viewer"}})),
      last_left_((clock.steady() - limits.kept_for).count()),
      last_id_(static_cast<std::uint64_t>(to_unix_micros(clock.now()))) {}

http::Response ViewerStreams::open(const http::Request& request,
                                   std::optional<std::string> hostname) {
    auto seat = std::make_shared<Seat>(*this);
    if (!seat->granted()) {
        throw http::HttpError(503, "too_many_streams",
                              "Too many live streams are open; close one or ask again later",
                              kViewerRetrySeconds);
    }
    http::Response response = stream_response();
    response.take_over =
        [this, seat, client = Client{std::move(hostname), request.principal.token_id},
         last_seen = read_id(request.header("last-event-id"))](
            const Poco::Net::StreamSocket& socket) { attach(socket, seat, client, last_seen); };
    return response;
}

void ViewerStreams::attach(const Poco::Net::StreamSocket& socket, const std::shared_ptr<Seat>& seat,
                           const Client& client, std::optional<std::uint64_t> last_seen) {
    const http::StreamId id = hub_.next_id();
    std::string first{kHello};
    // Held until it is on the list, so that no event falls between what is kept and what comes.
    const std::lock_guard lock(mutex_);
    if (last_seen && *last_seen < last_id_) {
        for (const Kept& event : kept_) {
            if (event.id > *last_seen && passes(client.filter, event.hostname))
                first += *event.bytes;
        }
    }
    if (!hub_.park(id, socket, [this, id, seat] { forget(id); })) return;
    clients_.emplace(id, client);
    hub_.send(id, std::make_shared<const std::string>(std::move(first)));
}

void ViewerStreams::forget(http::StreamId id) {
    const std::lock_guard lock(mutex_);
    clients_.erase(id);
}

std::vector<std::int64_t> ViewerStreams::tokens() const {
    std::vector<std::int64_t> all;
    const std::lock_guard lock(mutex_);
    for (const auto& [id, client] : clients_) {
        if (client.token_id) all.push_back(*client.token_id);
    }
    return all;
}

void ViewerStreams::close(std::int64_t token_id) {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, client] : clients_) {
        if (client.token_id == token_id) hub_.close(id);
    }
}

bool ViewerStreams::wanted() const {
    return seats_ > 0 || clock_.steady() - std::chrono::nanoseconds{last_left_} < limits_.kept_for;
}

void ViewerStreams::publish(std::string_view name, std::string_view hostname,
                            std::string_view json) {
    if (!wanted()) return;
    const std::lock_guard lock(mutex_);
    ++last_id_;
    const auto bytes = std::make_shared<const std::string>(server_event(last_id_, name, json));
    kept_.push_back({last_id_, std::string(hostname), bytes});
    kept_bytes_ += bytes->size();
    while (kept_.size() > limits_.kept_events ||
           (kept_bytes_ > limits_.kept_bytes && kept_.size() > 1)) {
        kept_bytes_ -= kept_.front().bytes->size();
        kept_.pop_front();
    }
    std::vector<http::StreamId> to;
    for (const auto& [id, client] : clients_) {
        if (passes(client.filter, hostname)) to.push_back(id);
    }
    hub_.send(std::move(to), bytes);
}

}  // namespace chorus::live
