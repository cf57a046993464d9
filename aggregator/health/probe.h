// One check in progress: resolve, connect, ask, judge, and again if it has retries.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/health/service.h"
#include "aggregator/net/connection.h"
#include "common/services/service_answer.h"

namespace chorus::health {

// Never blocks. Its owner polls descriptor() for events() and calls ready(), and calls tick() at
// the time of wake(). Redirects are not followed. `service` and `rules` outlive it.
class Probe {
  public:
    using Time = std::chrono::steady_clock::time_point;

    Probe(const Service& service, const net::AddressRules& rules, const net::TlsContext* tls)
        : service_(service), rules_(rules), tls_(tls) {}
    Probe(const Probe&) = delete;
    Probe& operator=(const Probe&) = delete;

    const Service& service() const { return service_; }
    // Begins an attempt. The owner then looks up the host and passes the answer to resolved(). The
    // number of the attempt tells a late answer of an earlier attempt apart.
    void begin(Time now);
    bool wants_addresses() const { return state_ == State::unresolved; }
    int attempt() const { return attempt_; }
    void lookup_started() { state_ = State::resolving; }
    void resolved(int attempt, const std::vector<net::Address>& addresses, const std::string& error,
                  Time now);

    // This program cannot check, for this reason. Ends the probe without a result.
    void give_up_here(std::string why);

    int descriptor() const { return connection_.descriptor(); }  // -1: nothing to poll
    short events() const { return connection_.events(); }
    void ready(Time now);
    void tick(Time now);
    Time wake() const;

    bool done() const { return state_ == State::done; }
    // nullopt: this program could not check, for example without a free descriptor. Then nothing is
    // known.
    const std::optional<CheckResult>& result() const { return result_; }
    const std::string& own_fault() const { return own_fault_; }

  private:
    enum class State {
        idle,
        unresolved,
        resolving,
        connecting,
        handshake,
        send,
        receive,
        pause,
        done
    };

    void connecting(net::Connection::State state, Time now);
    void connected(Time now);
    void shake_hands(Time now);
    void send(Time now);
    void receive(Time now);
    void judge(ServiceAnswer::Verdict verdict, Time now);
    // The connection has ended. `why` says how, if that was a fault.
    void ended(const std::string& why, Time now);
    void succeed(Time now);
    void fail(Health health, std::string error, Time now);
    void time_is_up(Time now);
    std::string fault() const;  // of the connection
    std::chrono::milliseconds elapsed(Time now) const;

    const Service& service_;
    const net::AddressRules& rules_;
    const net::TlsContext* tls_;

    State state_ = State::idle;
    int attempt_ = 0;
    Time started_{};   // of this attempt
    Time deadline_{};  // of this attempt; of the pause while pausing
    net::Connection connection_;
    std::optional<Timestamp> certificate_expires_;
    std::size_t sent_ = 0;
    std::optional<ServiceAnswer> answer_;
    std::optional<std::chrono::milliseconds> answered_after_;  // when its head was there
    std::optional<CheckResult> result_;
    std::string own_fault_;
};

}  // namespace chorus::health
