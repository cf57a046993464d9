#include "aggregator/health/probe.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace chorus::health {
namespace {

using Wait = net::Connection::Wait;

constexpr std::chrono::seconds kBetweenAttempts{1};

std::string sentence(int error) {
    switch (error) {
        case ECONNREFUSED:
            return "Connection refused";
        case ECONNRESET:
        case EPIPE:
            return "Connection reset";
        case EHOSTUNREACH:
            return "No route to host";
        case ENETUNREACH:
            return "Network unreachable";
        case EACCES:
        case EPERM:
            return "Connection not permitted";
        default:
            return "Connection failed: " + std::generic_category().message(error);
    }
}

bool is_own_fault(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM ||
           error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
}

}  // namespace

std::chrono::milliseconds Probe::elapsed(Time now) const {
    return std::chrono::round<std::chrono::milliseconds>(now - started_);
}

std::string Probe::fault() const {
    return connection_.error() != 0 ? sentence(connection_.error()) : connection_.tls_error();
}

void Probe::begin(Time now) {
    ++attempt_;
    started_ = now;
    deadline_ = now + service_.timeout;
    sent_ = 0;
    answer_.reset();
    answered_after_.reset();
    certificate_expires_.reset();
    state_ = State::unresolved;
}

void Probe::resolved(int attempt, const std::vector<net::Address>& addresses,
                     const std::string& error, Time now) {
    if (attempt != attempt_ || state_ != State::resolving) return;
    if (addresses.empty()) return fail(Health::unhealthy, error, now);
    auto good = net::permitted(addresses, rules_);
    if (good.empty()) return fail(Health::unhealthy, "Address blocked", now);
    state_ = State::connecting;
    connecting(connection_.connect(std::move(good), now), now);
}

void Probe::connecting(net::Connection::State state, Time now) {
    if (state == net::Connection::State::open) return connected(now);
    if (state != net::Connection::State::failed) return;
    const int error = connection_.error();
    if (is_own_fault(error)) return give_up_here(sentence(error));
    fail(error == ETIMEDOUT ? Health::timeout : Health::unhealthy,
         error == ETIMEDOUT ? "Request timeout" : sentence(error), now);
}

void Probe::connected(Time now) {
    if (service_.protocol == Protocol::tcp) return succeed(now);
    if (service_.protocol == Protocol::http) {
        state_ = State::send;
        return send(now);
    }
    connection_.start_tls(*tls_, service_.host);
    state_ = State::handshake;
    shake_hands(now);
}

void Probe::shake_hands(Time now) {
    const auto wait = connection_.handshake();
    certificate_expires_ = connection_.certificate_expires();
    if (wait == Wait::failed) return fail(Health::unhealthy, fault(), now);
    if (wait != Wait::nothing) return;
    state_ = State::send;
    send(now);
}

void Probe::send(Time now) {
    while (sent_ < service_.request.size()) {
        std::size_t written = 0;
        const auto wait =
            connection_.write(std::string_view{service_.request}.substr(sent_), written);
        if (wait == Wait::read || wait == Wait::write) return;
        if (wait != Wait::nothing) return fail(Health::unhealthy, fault(), now);
        sent_ += written;
    }
    answer_.emplace(service_.expected_status, service_.body_match);
    state_ = State::receive;
    if (connection_.encrypted()) receive(now);  // TLS may hold bytes that poll does not tell of
}

void Probe::receive(Time now) {
    std::array<char, 16'384> buffer{};
    while (state_ == State::receive) {
        std::size_t size = 0;
        const auto wait = connection_.read(buffer.data(), buffer.size(), size);
        if (wait == Wait::read || wait == Wait::write) return;
        if (wait == Wait::failed) return ended(fault(), now);
        if (wait == Wait::closed) return ended("", now);
        judge(answer_->feed({buffer.data(), size}), now);
    }
}

void Probe::ended(const std::string& why, Time now) {
    const bool answered = answer_->answered();
    const auto verdict = answer_->end();
    if (answered || why.empty()) return judge(verdict, now);
    fail(Health::unhealthy, why, now);
}

void Probe::judge(ServiceAnswer::Verdict verdict, Time now) {
    if (!answered_after_ && answer_->answered()) answered_after_ = elapsed(now);
    if (verdict == ServiceAnswer::Verdict::healthy) succeed(now);
    if (verdict == ServiceAnswer::Verdict::unhealthy) {
        fail(Health::unhealthy, answer_->error(), now);
    }
}

void Probe::succeed(Time now) {
    result_ = CheckResult{
        Health::healthy, answered_after_.value_or(elapsed(now)), {}, certificate_expires_};
    connection_.close();
    state_ = State::done;
}

void Probe::fail(Health health, std::string error, Time now) {
    connection_.close();
    if (attempt_ <= service_.retries) {
        state_ = State::pause;
        deadline_ = now + kBetweenAttempts;
        return;
    }
    result_ = CheckResult{health, health == Health::timeout ? std::nullopt : answered_after_,
                          std::move(error), certificate_expires_};
    state_ = State::done;
}

void Probe::time_is_up(Time now) {
    if (state_ == State::receive && answer_->time_is_up() == ServiceAnswer::Verdict::healthy) {
        return succeed(now);
    }
    fail(Health::timeout, "Request timeout", now);
}

void Probe::give_up_here(std::string why) {
    connection_.close();
    own_fault_ = std::move(why);
    state_ = State::done;
}

void Probe::ready(Time now) {
    switch (state_) {
        case State::connecting:
            return connecting(connection_.ready(now), now);
        case State::handshake:
            return shake_hands(now);
        case State::send:
            return send(now);
        case State::receive:
            return receive(now);
        default:
            return;
    }
}

void Probe::tick(Time now) {
    if (state_ == State::done || state_ == State::idle) return;
    if (now >= deadline_) {
        if (state_ == State::pause) return begin(now);
        return time_is_up(now);
    }
    if (state_ == State::connecting) connecting(connection_.tick(now), now);
}

Probe::Time Probe::wake() const {
    return std::min(deadline_, connection_.wake());
}

}  // namespace chorus::health
