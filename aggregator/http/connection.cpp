#include "aggregator/http/connection.h"

#include <Poco/Net/SocketImpl.h>

#include <algorithm>
#include <ctime>

#include "common/log.h"
#include "common/timestamp.h"

namespace chorus::http {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr Logger kLog{"http"};
constexpr std::size_t kReadSize = 8'192;
constexpr std::size_t kLargestPiece = 256U << 10U;
constexpr std::size_t kDrainBytes = 64U << 10U;
constexpr milliseconds kDrainTime{1'000};

// "Thu, 15 Jan 2026 10:30:45 GMT" (RFC 9110 section 5.6.7); made once a second per thread.
const std::string& http_date() {
    thread_local std::time_t made_for = 0;
    thread_local std::string text;
    const std::time_t now = std::time(nullptr);
    if (now != made_for) {
        std::tm parts{};
        gmtime_r(&now, &parts);
        text.resize(40);
        text.resize(std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts));
        made_for = now;
    }
    return text;
}

std::string serialise(const Response& response, bool keep_alive, bool head_only, bool http_1_0) {
    std::string out;
    out.reserve(512 + (head_only ? 0 : response.body.size()));
    out += http_1_0 ? "HTTP/1.0 " : "HTTP/1.1 ";
    out += std::to_string(response.status);
    out += ' ';
    out += reason_phrase(response.status);
    out += "\r\nDate: ";
    out += http_date();
    if (!response.body.empty()) {
        out += "\r\nContent-Type: ";
        out += response.content_type;
    }
    if (response.status != 204 && response.status != 304) {
        out += "\r\nContent-Length: ";
        out += std::to_string(response.body.size());
    }
    for (const auto& [name, value] : response.headers) {
        out += "\r\n";
        out += name;
        out += ": ";
        out += value;
    }
    if (!keep_alive) {
        out += "\r\nConnection: close";
    } else if (http_1_0) {
        out += "\r\nConnection: keep-alive";
    }
    out += "\r\n\r\n";
    if (!head_only) out += response.body;
    return out;
}

// Releases what a body reserved, however its request ends.
class BodyReservation {
  public:
    BodyReservation(ConnectionHub& hub, std::size_t bytes)
        : hub_(hub), bytes_(bytes), granted_(hub.reserve_body(bytes)) {}
    ~BodyReservation() {
        if (granted_) hub_.release_body(bytes_);
    }
    BodyReservation(const BodyReservation&) = delete;
    BodyReservation& operator=(const BodyReservation&) = delete;
    bool granted() const { return granted_; }

  private:
    ConnectionHub& hub_;
    std::size_t bytes_;
    bool granted_;
};

}  // namespace

ConnectionHub::ConnectionHub(Dispatcher& dispatcher, ServerLimits limits, MetricsRegistry& metrics)
    : dispatcher_(dispatcher),
      limits_(limits),
      open_(metrics.gauge("chorus_aggregator_http_connections", "Open client connections.")),
      refused_(metrics.counter("chorus_aggregator_http_connections_refused_total",
                               "Connections answered 503 because too many were open.")) {}

bool ConnectionHub::enter(Connection& connection) {
    const std::lock_guard lock(mutex_);
    if (connections_.size() >= limits_.connections || draining_) {
        refused_.add();
        return false;
    }
    connections_.insert(&connection);
    open_.set(static_cast<double>(connections_.size()));
    return true;
}

void ConnectionHub::leave(Connection& connection) {
    const std::lock_guard lock(mutex_);
    connections_.erase(&connection);
    open_.set(static_cast<double>(connections_.size()));
    left_.notify_all();
}

bool ConnectionHub::reserve_body(std::size_t bytes) {
    if (body_bytes_.fetch_add(bytes) + bytes <= limits_.body_bytes_in_flight) return true;
    body_bytes_ -= bytes;
    return false;
}

void ConnectionHub::drain() {
    const std::lock_guard lock(mutex_);
    draining_ = true;
    for (Connection* connection : connections_) {
        if (connection->idle()) connection->abort();
    }
}

void ConnectionHub::finish(SteadyTime deadline) {
    std::unique_lock lock(mutex_);
    if (left_.wait_until(lock, deadline, [this] { return connections_.empty(); })) return;
    kLog.warning("Cutting connections that did not end in time",
                 {{"connections", connections_.size()}});
    for (Connection* connection : connections_) connection->abort();
    left_.wait(lock, [this] { return connections_.empty(); });
}

Connection::Connection(const Poco::Net::StreamSocket& socket, ConnectionHub& hub)
    : TCPServerConnection(socket), hub_(hub), io_(socket.impl()->sockfd()) {}

void Connection::run() {
    try {
        socket().setNoDelay(true);
        client_ip_ = socket().peerAddress().host().toString();
        if (!hub_.enter(*this)) {
            Request nobody;
            Response busy = retry_later(nobody, 503, "overloaded", "Too many connections", 2);
            io_.write_all(serialise(busy, false, false, false), Clock::now() + milliseconds{1'000});
            io_.linger(kDrainBytes, milliseconds{200});
            return;
        }
        try {
            while (serve_one()) {
            }
        } catch (...) {
            hub_.leave(*this);
            throw;
        }
        hub_.leave(*this);
    } catch (const Poco::Exception& e) {
        kLog.debug("Connection ended", {{"error", e.displayText()}});
    } catch (const std::exception& e) {
        kLog.warning("Connection ended", {{"error", e.what()}});
    }
}

bool Connection::serve_one() {
    Head head;
    if (!read_head(head)) return false;
    const SteadyTime started = Clock::now();
    head.request.client_ip = client_ip_;
    const bool head_only = head.request.method == Method::head;
    const Route* route = nullptr;
    std::optional<Response> refused = hub_.dispatcher().admit(head, route);
    const std::uint64_t length = head.content_length.value_or(0);
    bool keep = head.keep_alive && !hub_.draining();

    if (refused || route->body == BodyRule::none) {
        // An unread body would be taken for the next request: swallow a small one, else close.
        const bool small = length <= kDrainBytes && !head.expect_continue;
        if (!small) keep = false;
        if (length > 0 && small && !read_body(head)) return false;
        head.request.body.clear();
        Response response =
            refused ? std::move(*refused) : hub_.dispatcher().handle(*route, head.request);
        return answer(head.request, route, started, std::move(response), keep, head_only,
                      head.http_1_0);
    }
    const BodyReservation reservation(hub_, length);
    if (!reservation.granted()) {
        return answer(
            head.request, route, started,
            retry_later(head.request, 503, "overloaded", "Too many request bodies at once", 1),
            false, head_only, head.http_1_0);
    }
    if (length > 0 && head.expect_continue) {
        io_.write_all("HTTP/1.1 100 Continue\r\n\r\n", Clock::now() + hub_.limits().write);
    }
    if (length > 0 && !read_body(head)) return false;
    Response response = hub_.dispatcher().handle(*route, head.request);
    return answer(head.request, route, started, std::move(response), keep, head_only,
                  head.http_1_0);
}

bool Connection::read_head(Head& head) {
    SteadyTime deadline = Clock::now() + hub_.limits().idle;
    bool begun = !buffer_.empty();
    if (begun) deadline = Clock::now() + hub_.limits().head;
    for (;;) {
        // An empty line before a request is skipped (RFC 9112 section 2.2).
        while (buffer_.starts_with("\r\n")) buffer_.erase(0, 2);
        if (const std::size_t length = head_length(buffer_)) {
            auto error = parse_head(std::string_view{buffer_}.substr(0, length), head);
            buffer_.erase(0, length);
            if (!error) return true;
            return refuse(head, *error);
        }
        if (auto error = check_incomplete_head(buffer_)) return refuse(head, *error);
        if (!begun) {
            idle_ = true;
            // The hub may have begun to drain just before it could see us idle.
            if (hub_.draining()) return false;
        }
        const IoResult result = io_.read_some(buffer_, kReadSize, deadline);
        idle_ = false;
        if (result == IoResult::timeout && begun) {
            return refuse(head, {408, "request_timeout", "The head did not come in time"});
        }
        if (result != IoResult::ok) return false;
        if (!begun) deadline = Clock::now() + hub_.limits().head;
        begun = true;
    }
}

bool Connection::read_body(Head& head) {
    const std::size_t length = head.content_length.value_or(0);
    std::string& body = head.request.body;
    const std::size_t there = std::min(length, buffer_.size());
    body.reserve(std::min<std::size_t>(length, kLargestPiece) + 64);
    body.assign(buffer_, 0, there);
    buffer_.erase(0, there);
    const SteadyTime begun = Clock::now();
    const SteadyTime whole = begun + hub_.limits().request;
    while (body.size() < length) {
        // After the grace time the body must have come at the least rate so far.
        const auto earned =
            milliseconds{body.size() * 1'000 / hub_.limits().slow_body_bytes_per_second};
        const SteadyTime deadline = std::min(whole, begun + hub_.limits().slow_body_grace + earned);
        const IoResult result =
            io_.read_some(body, std::min(length - body.size(), kLargestPiece), deadline);
        if (result == IoResult::timeout) {
            return refuse(head, {408, "request_timeout", "The body did not come in time"});
        }
        if (result == IoResult::closed) {
            return refuse(head,
                          {400, "incomplete_body", "The body is shorter than its Content-Length"});
        }
    }
    return true;
}

bool Connection::answer(const Request& request, const Route* route, SteadyTime started,
                        Response response, bool keep_alive, bool head_only, bool http_1_0) {
    const double seconds = std::chrono::duration<double>(Clock::now() - started).count();
    hub_.dispatcher().finish(request, route, seconds, response);
    const bool keep = keep_alive && !response.close && !hub_.draining();
    const IoResult result = io_.write_all(serialise(response, keep, head_only, http_1_0),
                                          Clock::now() + hub_.limits().write);
    if (result != IoResult::ok) return false;
    if (!keep) io_.linger(kDrainBytes, kDrainTime);
    return keep;
}

bool Connection::refuse(const Head& head, const HeadError& error) {
    Request request = head.request;
    if (request.request_id.empty()) request.request_id = Uuid::random().to_string();
    Response response = problem(request, error.status, error.code, error.detail);
    for (const auto& [name, value] : error.headers) response.with(name, value);
    answer(request, nullptr, Clock::now(), std::move(response), false, false, head.http_1_0);
    return false;
}

}  // namespace chorus::http
