#include "agent/push/order_stream.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <utility>

#include "agent/push/answer.h"
#include "agent/push/event_reader.h"
#include "common/http/http_head.h"
#include "common/json/json_reader.h"
#include "common/log.h"

namespace chorus::agent {
namespace {

constexpr Logger kOrderStreamLog{"push"};
constexpr std::chrono::seconds kAnswerLimit{30};
// An aggregator of an older version has no such stream; it may be replaced by a newer one.
constexpr std::chrono::seconds kNoStreamWait{600};

}  // namespace

OrderStream::OrderStream(Dialer& dialer, std::string token, const Uuid& agent,
                         OrderHandlers handlers, Backoff backoff)
    : dialer_(dialer),
      token_(std::move(token)),
      agent_(agent),
      handlers_(std::move(handlers)),
      backoff_(backoff),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

OrderStream::~OrderStream() {
    thread_.request_stop();
    final_.bring_forward(Deadline::Clock::now());
    deadline_.bring_forward(Deadline::Clock::now());
    if (thread_.joinable()) thread_.join();
}

void OrderStream::arm(std::chrono::seconds limit) {
    deadline_.set(Deadline::Clock::now() + limit);
    deadline_.bring_forward(final_.at());
}

void OrderStream::run(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    while (!stop.stop_requested()) {
        std::chrono::milliseconds pause{0};
        try {
            pause = listen(stop);
        } catch (const std::exception& e) {
            if (!stop.stop_requested() && told_ != e.what()) {
                told_ = e.what();
                kOrderStreamLog.debug("No stream of orders", {{"reason", told_}});
            }
            pause = backoff_.next();
        }
        std::unique_lock lock(mutex);
        wake.wait_for(lock, stop, pause, [] { return false; });
    }
}

HttpHead OrderStream::ask(Connection& connection, std::string& rest) {
    // HTTP/1.0, so that no proxy on the way wraps the stream into chunks.
    connection.send(dialer_.request_head("GET", "/api/v1/agents/stream", "HTTP/1.0", token_) +
                    "X-Chorus-Agent: " + agent_.to_string() +
                    "\r\nAccept: text/event-stream\r\n\r\n");
    HttpHeadReader reader;
    std::array<char, 2'048> piece;
    for (;;) {
        const std::size_t n = connection.receive(piece.data(), piece.size());
        std::string_view bytes{piece.data(), n};
        const auto state = n == 0 ? reader.end() : reader.feed(bytes);
        if (state == HttpHeadReader::State::broken) throw ConnectionError(reader.fault());
        if (state == HttpHeadReader::State::reading) continue;
        rest = bytes;
        return reader.head();
    }
}

std::chrono::milliseconds OrderStream::listen(const std::stop_token& stop) {
    arm(kAnswerLimit);
    const auto connection = dialer_.connect(deadline_);
    std::string received;
    const HttpHead head = ask(*connection, received);
    const int status = head.status;
    if (status == 404 || status == 405) return kNoStreamWait;
    if (status == 401 || status == 403) return kForbiddenWait;
    if (status != 200) {
        const auto asked =
            retry_after({.status = status, .body = {}, .retry_after = head.retry_after});
        return std::max<std::chrono::milliseconds>(backoff_.next(),
                                                   asked.value_or(std::chrono::seconds{0}));
    }
    if (head.chunked) throw ConnectionError("a stream in chunks, which HTTP/1.0 does not have");
    told_.clear();
    kOrderStreamLog.debug("Listening to the aggregator");
    EventReader events(
        [this](std::string_view name, std::string_view data) { handle(name, data); });
    std::array<char, 2'048> piece;
    while (!stop.stop_requested()) {
        if (!events.feed(received)) throw ConnectionError("a stream of something else");
        arm(kSilence);
        const std::size_t n = connection->receive(piece.data(), piece.size());
        if (n == 0) break;
        received.assign(piece.data(), n);
        backoff_.reset();
    }
    return backoff_.next();
}

void OrderStream::handle(std::string_view name, std::string_view data) {
    try {
        JsonReader reader;
        const JsonValue value = reader.parse(data);
        if (name == "collect_now") {
            bool processes = true;
            if (value["collect_processes"].get(processes) != simdjson::SUCCESS) processes = true;
            handlers_.collect_now(processes);
        } else if (name == "config") {
            const auto interval = value["interval_seconds"];
            double seconds = 0;
            if (interval.get(seconds) == simdjson::SUCCESS) {
                handlers_.interval(seconds);
            } else if (interval.is_null()) {
                handlers_.interval(std::nullopt);
            }
        }
    } catch (const JsonError& e) {
        kOrderStreamLog.warning("The aggregator sent an order that cannot be read",
                                {{"error", e.what()}});
    }
}

}  // namespace chorus::agent
