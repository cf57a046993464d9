#include "aggregator/http/connection.h"

#include <Poco/Net/SocketImpl.h>

#include <algorithm>

#include "aggregator/http/body.h"
#include "aggregator/http/response_bytes.h"
#include "common/batch/batch.h"
#include "common/compress.h"
#include "common/log.h"

namespace chorus::http {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr Logger kConnectionLog{"http"};
constexpr std::size_t kReadSize = 8'192;
constexpr std::size_t kLargestPiece = 256U << 10U;
// A body nobody reads: up to here it is swallowed and the connection lives on.
constexpr std::size_t kDrainBytes = 64U << 10U;
// After the last answer: what a client still sends is swallowed, so that it comes to read.
constexpr std::size_t kLingerBytes = 16U << 20U;
constexpr milliseconds kLingerTime{2'000};
constexpr milliseconds kRefusalLinger{200};
constexpr milliseconds kInflateWait{5'000};

// In the hub's list while it lives.
class Membership {
  public:
    Membership(ConnectionHub& hub, Connection& connection)
        : hub_(hub), connection_(connection), granted_(hub.enter(connection)) {}
    ~Membership() {
        if (granted_) hub_.leave(connection_);
    }
    Membership(const Membership&) = delete;
    Membership& operator=(const Membership&) = delete;
    bool granted() const { return granted_; }

  private:
    ConnectionHub& hub_;
    Connection& connection_;
    const bool granted_;
};

Response out_of_memory_for_bodies(const Request& request) {
    return retry_later(request, 503, "overloaded", "Too many request bodies at once", 1);
}

}  // namespace

Connection::Connection(const Poco::Net::StreamSocket& socket, ConnectionHub& hub)
    : TCPServerConnection(socket), hub_(hub), io_(socket.impl()->sockfd()) {}

void Connection::run() {
    try {
        socket().setNoDelay(true);
        client_ip_ = socket().peerAddress().host().toString();
        const Membership membership(hub_, *this);
        if (!membership.granted()) return refuse_connection();
        while (serve_one()) {
        }
    } catch (const Poco::Exception& e) {
        kConnectionLog.debug("Connection ended", {{"error", e.displayText()}});
    } catch (const std::exception& e) {
        kConnectionLog.warning("Connection ended", {{"error", e.what()}});
    }
}

void Connection::refuse_connection() {
    Request nobody;
    nobody.request_id = Uuid::random().to_string();
    Response busy = retry_later(nobody, 503, "overloaded", "Too many connections", 2);
    hub_.dispatcher().finish(nobody, nullptr, 0, busy);
    io_.write_all(to_bytes(busy, {.keep_alive = false}), SteadyClock::now() + kRefusalLinger);
    io_.linger(kDrainBytes, kRefusalLinger);
}

bool Connection::serve_one() {
    Exchange exchange;
    if (!read_head(exchange)) return false;
    exchange.started = SteadyClock::now();
    exchange.keep_alive = exchange.head.keep_alive && !hub_.draining();
    exchange.head.request.client_ip = client_ip_;
    auto refused = hub_.dispatcher().admit(exchange.head, exchange.route);
    if (refused || exchange.route->body == BodyRule::none) {
        return serve_without_body(exchange, std::move(refused));
    }
    return serve_with_body(exchange);
}

bool Connection::serve_without_body(Exchange& exchange, std::optional<Response> refused) {
    // Unread bytes would be taken for the next request: swallow a small body, else close.
    Request& request = exchange.head.request;
    const std::uint64_t length = exchange.head.content_length.value_or(0);
    if (length > 0) {
        const bool comes_anyway = length <= kDrainBytes && !exchange.head.expect_continue;
        if (!comes_anyway) exchange.keep_alive = false;
        if (comes_anyway && !read_body(exchange)) return false;
        request.body.clear();
    }
    return answer(exchange, refused ? std::move(*refused)
                                    : hub_.dispatcher().handle(*exchange.route, request));
}

bool Connection::serve_with_body(Exchange& exchange) {
    Request& request = exchange.head.request;
    const std::uint64_t length = exchange.head.content_length.value_or(0);
    BodyReservation memory(hub_);
    if (!memory.add(length, SteadyClock::now())) {
        exchange.keep_alive = false;
        return answer(exchange, out_of_memory_for_bodies(request));
    }
    if (length > 0) {
        if (exchange.head.expect_continue) {
            io_.write_all("HTTP/1.1 100 Continue\r\n\r\n",
                          SteadyClock::now() + hub_.limits().write);
        }
        if (!read_body(exchange)) return false;
    }
    if (is_compressed(request)) {
        // The size is not known before: the largest is held while inflating, then what it is.
        if (!memory.add(limits::kInflatedBytes, SteadyClock::now() + kInflateWait)) {
            return answer(exchange, out_of_memory_for_bodies(request));
        }
        if (auto refused = hub_.dispatcher().inflate(request)) {
            return answer(exchange, std::move(*refused));
        }
        memory.shrink_to(request.body.size());
    }
    return answer(exchange, hub_.dispatcher().handle(*exchange.route, request));
}

bool Connection::read_head(Exchange& exchange) {
    bool begun = !buffer_.empty();
    exchange.begun = SteadyClock::now();
    SteadyTime deadline = exchange.begun + (begun ? hub_.limits().head : hub_.limits().idle);
    bool skipped = false;
    for (;;) {
        // One empty line before a request is skipped (RFC 9112 section 2.2).
        if (!skipped && buffer_.starts_with("\r\n")) {
            buffer_.erase(0, 2);
            skipped = true;
        }
        if (const std::size_t length = head_length(buffer_)) {
            const auto error =
                parse_head(std::string_view{buffer_}.substr(0, length), exchange.head);
            buffer_.erase(0, length);
            return !error || refuse(exchange, *error);
        }
        if (const auto error = check_incomplete_head(buffer_)) return refuse(exchange, *error);
        if (!begun) {
            idle_ = true;
            // The hub may have begun to drain just before it could see us idle.
            if (hub_.draining()) return false;
        }
        const IoResult result = io_.read_some(buffer_, kReadSize, deadline);
        idle_ = false;
        if (result == IoResult::timeout && begun) {
            return refuse(exchange, {408, "request_timeout", "The head did not come in time"});
        }
        if (result != IoResult::ok) return false;
        if (!begun) {
            begun = true;
            exchange.begun = SteadyClock::now();
            deadline = exchange.begun + hub_.limits().head;
        }
    }
}

bool Connection::read_body(Exchange& exchange) {
    const std::size_t length = exchange.head.content_length.value_or(0);
    std::string& body = exchange.head.request.body;
    const std::size_t there = std::min(length, buffer_.size());
    body.reserve(std::min(length, kLargestPiece));
    body.assign(buffer_, 0, there);
    buffer_.erase(0, there);
    const SteadyTime whole = exchange.begun + hub_.limits().request;
    const SteadyTime grace = exchange.started + hub_.limits().slow_body_grace;
    while (body.size() < length) {
        // After the grace time the body must have come at the least rate so far.
        const milliseconds earned{body.size() * 1'000 / hub_.limits().slow_body_bytes_per_second};
        const IoResult result = io_.read_some(body, std::min(length - body.size(), kLargestPiece),
                                              std::min(whole, grace + earned));
        if (result == IoResult::timeout) {
            return refuse(exchange, {408, "request_timeout", "The body did not come in time"});
        }
        if (result == IoResult::closed) {
            return refuse(exchange,
                          {400, "incomplete_body", "The body is shorter than its Content-Length"});
        }
    }
    return true;
}

bool Connection::answer(const Exchange& exchange, Response response) {
    const Request& request = exchange.head.request;
    const double seconds =
        std::chrono::duration<double>(SteadyClock::now() - exchange.started).count();
    hub_.dispatcher().finish(request, exchange.route, seconds, response);
    const WireForm form{
        .keep_alive =
            exchange.keep_alive && !response.close && !response.take_over && !hub_.draining(),
        .head_only = request.method == Method::head,
        .http_1_0 = exchange.head.http_1_0,
    };
    const SteadyTime deadline = SteadyClock::now() + hub_.limits().write;
    const IoResult written = io_.write_all(to_bytes(response, form), deadline);
    if (written == IoResult::timeout) io_.reset_on_close();
    if (written != IoResult::ok) return false;
    if (response.take_over && !form.head_only) {
        response.take_over(socket());
        return false;
    }
    if (!form.keep_alive) io_.linger(kLingerBytes, kLingerTime);
    return form.keep_alive;
}

bool Connection::refuse(Exchange& exchange, const HeadError& error) {
    exchange.keep_alive = false;
    Request& request = exchange.head.request;
    if (request.request_id.empty()) {  // the head never came to the dispatcher
        request.request_id = Uuid::random().to_string();
        exchange.started = SteadyClock::now();
    }
    Response response = problem(request, error.status, error.code, error.detail);
    for (const auto& [name, value] : error.headers) response.with(name, value);
    return answer(exchange, std::move(response));
}

}  // namespace chorus::http
