#include "aggregator/net/stream.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace chorus::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Wait = Connection::Wait;

std::string system_error(int error) {
    if (error == ECONNREFUSED) return "connection refused";
    if (error == ECONNRESET || error == EPIPE) return "connection reset";
    return std::generic_category().message(error);
}

}  // namespace

Stream::Stream(const Network& network, const std::string& host, std::uint16_t port,
               Deadline deadline)
    : network_(network), deadline_(deadline) {
    Resolver resolver;
    auto state = connection_.connect(resolve(resolver, host, port), steady_clock::now());
    while (state == Connection::State::connecting) {
        std::vector<pollfd> own{{connection_.descriptor(), connection_.events(), 0}};
        resolver.wait(own, std::min(deadline_, connection_.wake()));
        const auto now = steady_clock::now();
        state = own[0].revents != 0 ? connection_.ready(now) : connection_.tick(now);
        if (state == Connection::State::connecting && now >= deadline_) {
            throw StreamError(system_error(ETIMEDOUT));
        }
    }
    if (state == Connection::State::failed) fail();
}

std::vector<Address> Stream::resolve(Resolver& resolver, const std::string& host,
                                     std::uint16_t port) {
    struct Lookup {
        bool done = false;
        std::vector<Address> addresses;
        std::string error;
    } lookup;
    resolver.look_up(host, port, [&](std::vector<Address> found, const std::string& why) {
        lookup = {true, std::move(found), why};
    });
    while (!lookup.done) {
        check_time();
        std::vector<pollfd> none;
        resolver.wait(none, deadline_);
    }
    if (lookup.addresses.empty()) throw StreamError(lookup.error);
    auto addresses = permitted(lookup.addresses, network_.rules);
    if (addresses.empty()) throw StreamError("address blocked");
    return addresses;
}

void Stream::check_time() const {
    if (steady_clock::now() >= deadline_) throw StreamError("no complete answer in time");
}

void Stream::fail() const {
    throw StreamError(connection_.error() != 0 ? system_error(connection_.error())
                                               : connection_.tls_error());
}

void Stream::wait_for(Wait reason) {
    if (reason == Wait::failed) fail();
    if (reason == Wait::closed) throw StreamError("connection closed");
    pollfd waiting{connection_.descriptor(), connection_.events(), 0};
    int ready = 0;
    while (ready <= 0) {
        check_time();
        const auto left = std::chrono::ceil<milliseconds>(deadline_ - steady_clock::now());
        ready = poll(&waiting, 1, std::max(0, static_cast<int>(left.count())));
    }
}

void Stream::start_tls(const std::string& host) {
    connection_.start_tls(network_.tls, host);
    for (auto result = connection_.handshake(); result != Wait::nothing;
         result = connection_.handshake()) {
        wait_for(result);
    }
}

void Stream::write(std::string_view bytes) {
    while (!bytes.empty()) {
        check_time();
        std::size_t written = 0;
        const auto result = connection_.write(bytes, written);
        if (result == Wait::nothing) {
            bytes.remove_prefix(written);
        } else {
            wait_for(result);
        }
    }
}

std::size_t Stream::read(char* to, std::size_t size) {
    for (;;) {
        check_time();
        std::size_t received = 0;
        const auto result = connection_.read(to, size, received);
        if (result == Wait::nothing) return received;
        if (result == Wait::closed) return 0;
        wait_for(result);
    }
}

}  // namespace chorus::net
