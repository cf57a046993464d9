#include "agent/services/service_check.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <system_error>

#include "common/services/service_answer.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

bool is_own_fault(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM ||
           error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
}

std::string sentence(const ConnectionError& e) {
    const std::string text =
        e.error() != 0 ? std::generic_category().message(e.error()) : std::string(e.what());
    return repair_utf8(text.substr(0, limits::kServiceErrorBytes / 3));
}

// Reads the answer until it is judged. `answered` is called once its head is there.
std::string fault_of_answer(Connection& connection, const Service& service,
                            const std::function<void()>& answered) {
    using Verdict = ServiceAnswer::Verdict;
    ServiceAnswer answer(service.expected_status, "");
    std::array<char, 2'048> piece;
    for (;;) {
        Verdict verdict = Verdict::pending;
        const bool known = answer.answered();
        try {
            const std::size_t n = connection.receive(piece.data(), piece.size());
            verdict = n == 0 ? answer.end() : answer.feed({piece.data(), n});
        } catch (const DeadlinePassed&) {
            verdict = answer.time_is_up();
            if (verdict == Verdict::pending) throw;
        } catch (const ConnectionError&) {
            if (!known) throw;
            verdict = answer.end();
        }
        if (!known && answer.answered()) answered();
        if (verdict != Verdict::pending) return answer.error();
    }
}

std::unique_ptr<Connection> connect(const Service& service, const TlsContext* trusted,
                                    const Deadline& deadline) {
    if (trusted == nullptr) {
        return std::make_unique<TcpConnection>(service.host, service.port, deadline);
    }
    return std::make_unique<TlsConnection>(*trusted, service.host, service.port, deadline);
}

const TlsContext* trusted_by(const TrustSource& trust) {
    try {
        return &trust();
    } catch (const ConnectionError&) {
        return nullptr;
    }
}

}  // namespace

std::optional<CheckOutcome> check_service(const Service& service, const TrustSource& trust,
                                          const Deadline& deadline) {
    const TlsContext* trusted = service.tls ? trusted_by(trust) : nullptr;
    if (service.tls && trusted == nullptr) return std::nullopt;
    const auto start = std::chrono::steady_clock::now();
    const auto elapsed = [&] {
        return static_cast<std::int32_t>(
            std::chrono::round<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start)
                .count());
    };
    try {
        const auto connection = connect(service, trusted, deadline);
        if (service.request.empty()) return CheckOutcome{ServiceStatus::healthy, elapsed()};
        connection->send(service.request);
        std::optional<std::int32_t> answered_after;
        std::string fault =
            fault_of_answer(*connection, service, [&] { answered_after = elapsed(); });
        const auto status = fault.empty() ? ServiceStatus::healthy : ServiceStatus::unhealthy;
        return CheckOutcome{status, answered_after, std::move(fault)};
    } catch (const DeadlinePassed&) {
        return CheckOutcome{ServiceStatus::timeout, std::nullopt, "Request timeout"};
    } catch (const ConnectionError& e) {
        if (e.error() == ETIMEDOUT) {
            return CheckOutcome{ServiceStatus::timeout, std::nullopt, "Request timeout"};
        }
        if (is_own_fault(e.error())) return std::nullopt;
        return CheckOutcome{ServiceStatus::unhealthy, std::nullopt, sentence(e)};
    }
}

}  // namespace chorus::agent
