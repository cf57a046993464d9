#include "aggregator/health/probe.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace chorus::health {
namespace {

constexpr std::chrono::seconds kBetweenAttempts{1};
// An address that does not answer must leave time for the next one.
constexpr std::chrono::milliseconds kConnectWait{3'000};

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

void Probe::close() {
    stream_.reset();
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
    events_ = 0;
}

void Probe::begin(Time now) {
    ++attempt_;
    started_ = now;
    deadline_ = now + service_.timeout;
    addresses_.clear();
    next_address_ = 0;
    sent_ = 0;
    answer_.reset();
    answered_after_.reset();
    certificate_expires_.reset();
    state_ = State::unresolved;
}

void Probe::resolved(int attempt, const std::vector<Address>& addresses, const std::string& error,
                     Time now) {
    if (attempt != attempt_ || state_ != State::resolving) return;
    if (addresses.empty()) return fail(Health::unhealthy, error, now);
    std::copy_if(addresses.begin(), addresses.end(), std::back_inserter(addresses_),
                 [&](const Address& a) { return rules_.permits(a.get()); });
    if (addresses_.empty()) return fail(Health::unhealthy, "Address blocked", now);
    connect_next(now);
}

void Probe::connect_next(Time now) {
    int error = ECONNREFUSED;
    while (next_address_ < addresses_.size()) {
        close();
        const Address& address = addresses_[next_address_++];
        fd_ = socket(address.get().sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd_ < 0) {
            error = errno;
            continue;
        }
        const int on = 1;
        setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        const bool last = next_address_ == addresses_.size();
        connect_deadline_ = last ? deadline_ : std::min(deadline_, now + kConnectWait);
        if (connect(fd_, &address.get(), address.length) == 0) return connected(now);
        error = errno;
        if (error == EINPROGRESS) {
            state_ = State::connecting;
            events_ = POLLOUT;
            return;
        }
    }
    if (is_own_fault(error)) return give_up_here(sentence(error));
    fail(error == ETIMEDOUT ? Health::timeout : Health::unhealthy,
         error == ETIMEDOUT ? "Request timeout" : sentence(error), now);
}

void Probe::connected(Time now) {
    if (service_.protocol == Protocol::tcp) return succeed(now);
    events_ = POLLOUT;
    if (service_.protocol == Protocol::http) {
        state_ = State::send;
        return send(now);
    }
    stream_ = std::make_unique<TlsStream>(*tls_, fd_, service_.host);
    state_ = State::handshake;
    advance_tls(now);
}

void Probe::wait_for(TlsStream::Wait wait) {
    events_ = wait == TlsStream::Wait::write ? POLLOUT : POLLIN;
}

void Probe::advance_tls(Time now) {
    const auto wait = stream_->handshake();
    certificate_expires_ = stream_->certificate_expires();
    if (wait == TlsStream::Wait::failed) return fail(Health::unhealthy, stream_->error(), now);
    if (wait != TlsStream::Wait::nothing) return wait_for(wait);
    state_ = State::send;
    send(now);
}

void Probe::send(Time now) {
    while (sent_ < service_.request.size()) {
        const auto rest = std::string_view{service_.request}.substr(sent_);
        if (stream_) {
            std::size_t written = 0;
            const auto wait = stream_->write(rest, written);
            if (wait == TlsStream::Wait::read || wait == TlsStream::Wait::write) {
                return wait_for(wait);
            }
            if (wait != TlsStream::Wait::nothing) {
                return fail(Health::unhealthy, stream_->error(), now);
            }
            sent_ += written;
            continue;
        }
        const ssize_t n = ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) {
            events_ = POLLOUT;
            return;
        }
        if (n < 0) return fail(Health::unhealthy, sentence(errno), now);
        sent_ += static_cast<std::size_t>(n);
    }
    answer_.emplace(service_.expected_status, service_.body_match);
    state_ = State::receive;
    events_ = POLLIN;
    if (stream_) receive(now);  // TLS may hold bytes that poll does not tell of
}

void Probe::receive(Time now) {
    std::array<char, 16'384> buffer{};
    while (state_ == State::receive) {
        std::size_t size = 0;
        if (stream_) {
            const auto wait = stream_->read(buffer.data(), buffer.size(), size);
            if (wait == TlsStream::Wait::read || wait == TlsStream::Wait::write) {
                return wait_for(wait);
            }
            if (wait == TlsStream::Wait::failed) return ended(stream_->error(), now);
            if (wait == TlsStream::Wait::closed) return ended("", now);
        } else {
            const ssize_t n = recv(fd_, buffer.data(), buffer.size(), 0);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0 && errno == EAGAIN) return;
            if (n < 0) return ended(sentence(errno), now);
            if (n == 0) return ended("", now);
            size = static_cast<std::size_t>(n);
        }
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
    close();
    state_ = State::done;
}

void Probe::fail(Health health, std::string error, Time now) {
    close();
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
    close();
    own_fault_ = std::move(why);
    state_ = State::done;
}

void Probe::ready(Time now) {
    switch (state_) {
        case State::connecting: {
            int error = 0;
            socklen_t size = sizeof error;
            getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
            if (error == 0) return connected(now);
            if (next_address_ < addresses_.size()) return connect_next(now);
            return fail(error == ETIMEDOUT ? Health::timeout : Health::unhealthy,
                        error == ETIMEDOUT ? "Request timeout" : sentence(error), now);
        }
        case State::handshake:
            return advance_tls(now);
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
    if (state_ == State::connecting && now >= connect_deadline_) connect_next(now);
}

Probe::Time Probe::wake() const {
    return state_ == State::connecting ? std::min(deadline_, connect_deadline_) : deadline_;
}

}  // namespace chorus::health
