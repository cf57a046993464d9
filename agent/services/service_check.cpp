#include "agent/services/service_check.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <system_error>

#include "agent/push/response_head.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

constexpr std::size_t kHeadLimit = 16U << 10U;

bool is_own_fault(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM ||
           error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
}

std::string sentence(const ConnectionError& e) {
    const std::string text =
        e.error() != 0 ? std::generic_category().message(e.error()) : std::string(e.what());
    return repair_utf8(text.substr(0, limits::kServiceErrorBytes / 3));
}

// The status of the answer that counts: those of 1xx come before it. Throws ConnectionError.
int receive_status(Connection& connection) {
    constexpr std::string_view end_of_head = "\r\n\r\n";
    std::string received;
    std::array<char, 2'048> piece;
    for (;;) {
        const auto end = received.find(end_of_head);
        if (end != std::string::npos) {
            const auto status = parse_status_line(received.substr(0, received.find("\r\n")));
            if (!status) throw ConnectionError("The answer is not HTTP");
            if (*status >= 200) return *status;
            received.erase(0, end + end_of_head.size());
            continue;
        }
        if (received.size() > kHeadLimit) throw ConnectionError("The answer's head has no end");
        const std::size_t n = connection.receive(piece.data(), piece.size());
        if (n == 0) throw ConnectionError("The connection was closed without an answer");
        received.append(piece.data(), n);
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
        const int status = receive_status(*connection);
        if (contains(service.expected_status, status)) {
            return CheckOutcome{ServiceStatus::healthy, elapsed()};
        }
        return CheckOutcome{ServiceStatus::unhealthy, elapsed(), "HTTP " + std::to_string(status)};
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
