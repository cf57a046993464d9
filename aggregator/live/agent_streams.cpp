#include "aggregator/live/agent_streams.h"

#include <utility>

#include "aggregator/live/server_event.h"
#include "common/json_writer.h"

namespace chorus::live {
namespace {

constexpr int kAgentRetrySeconds = 60;

http::StreamBytes collect_event(bool processes) {
    JsonWriter json;
    json.begin_object().field("collect_processes", processes).end_object();
    return std::make_shared<const std::string>(server_event(0, "collect_now", json.text()));
}

std::string config_event(std::optional<double> interval_seconds) {
    JsonWriter json;
    json.begin_object().field("interval_seconds", interval_seconds).end_object();
    return server_event(0, "config", json.text());
}

}  // namespace

// Counts an agent from its request to the end of its stream.
class AgentStreams::Seat {
  public:
    explicit Seat(AgentStreams& streams) : streams_(streams), number_(++streams_.seats_) {
        streams_.gauge_.set(static_cast<double>(number_));
    }
    ~Seat() { streams_.gauge_.set(static_cast<double>(--streams_.seats_)); }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;
    bool granted() const { return number_ <= streams_.most_; }

  private:
    AgentStreams& streams_;
    const std::size_t number_;
};

AgentStreams::AgentStreams(http::StreamHub& hub, MetricsRegistry& metrics, std::size_t most)
    : hub_(hub),
      most_(most),
      gauge_(metrics.gauge("chorus_aggregator_sse_clients", "Clients of the live streams.",
                           {{"kind", "agent"}})) {}

http::Response AgentStreams::open(const Uuid& agent, std::optional<std::int64_t> token_id,
                                  std::optional<double> interval_seconds) {
    auto seat = std::make_shared<Seat>(*this);
    if (!seat->granted()) {
        throw http::HttpError(503, "too_many_streams", "Too many agents listen",
                              kAgentRetrySeconds);
    }
    http::Response response = stream_response();
    response.take_over = [this, seat, agent, token_id,
                          interval_seconds](const Poco::Net::StreamSocket& socket) {
        attach(socket, seat, agent, token_id, interval_seconds);
    };
    return response;
}

void AgentStreams::attach(const Poco::Net::StreamSocket& socket, const std::shared_ptr<Seat>& seat,
                          const Uuid& agent, std::optional<std::int64_t> token_id,
                          std::optional<double> interval_seconds) {
    const http::StreamId id = hub_.next_id();
    const std::lock_guard lock(mutex_);
    if (!hub_.park(id, socket, [this, id, agent, seat] { forget(agent, id); })) return;
    const Listener listener{id, token_id};
    const auto [at, is_new] = agents_.try_emplace(agent, listener);
    if (!is_new) hub_.close(std::exchange(at->second, listener).id);
    hub_.send(id, std::make_shared<const std::string>("retry: 3000\n\n" +
                                                      config_event(interval_seconds)));
}

void AgentStreams::forget(const Uuid& agent, http::StreamId id) {
    const std::lock_guard lock(mutex_);
    const auto found = agents_.find(agent);
    if (found != agents_.end() && found->second.id == id) agents_.erase(found);
}

std::size_t AgentStreams::collect_now(bool processes) {
    std::vector<http::StreamId> to;
    {
        const std::lock_guard lock(mutex_);
        to.reserve(agents_.size());
        for (const auto& [agent, listener] : agents_) to.push_back(listener.id);
    }
    const std::size_t asked = to.size();
    hub_.send(std::move(to), collect_event(processes));
    return asked;
}

std::size_t AgentStreams::collect_now(const Uuid& agent, bool processes) {
    const std::lock_guard lock(mutex_);
    const auto found = agents_.find(agent);
    if (found == agents_.end()) return 0;
    hub_.send(found->second.id, collect_event(processes));
    return 1;
}

void AgentStreams::set_interval(const Uuid& agent, std::optional<double> seconds) {
    const std::lock_guard lock(mutex_);
    const auto found = agents_.find(agent);
    if (found == agents_.end()) return;
    hub_.send(found->second.id, std::make_shared<const std::string>(config_event(seconds)));
}

std::vector<std::int64_t> AgentStreams::tokens() const {
    std::vector<std::int64_t> all;
    const std::lock_guard lock(mutex_);
    for (const auto& [agent, listener] : agents_) {
        if (listener.token_id) all.push_back(*listener.token_id);
    }
    return all;
}

void AgentStreams::close(std::int64_t token_id) {
    const std::lock_guard lock(mutex_);
    for (const auto& [agent, listener] : agents_) {
        if (listener.token_id == token_id) hub_.close(listener.id);
    }
}

std::size_t AgentStreams::connected() const {
    const std::lock_guard lock(mutex_);
    return agents_.size();
}

}  // namespace chorus::live
