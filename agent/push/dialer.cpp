#include "agent/push/dialer.h"

#include <utility>

#include "agent/push/tls_connection.h"

namespace chorus::agent {
namespace {

std::string host_header(const Endpoint& endpoint) {
    const bool v6 = endpoint.host.find(':') != std::string::npos;
    return (v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

}  // namespace

Dialer::Dialer(Endpoint endpoint) : endpoint_(std::move(endpoint)) {}

Dialer::~Dialer() = default;

std::unique_ptr<Connection> Dialer::connect(const Deadline& deadline) {
    if (!endpoint_.tls) {
        return std::make_unique<TcpConnection>(endpoint_.host, endpoint_.port, deadline);
    }
    const TlsContext* context = nullptr;
    {
        const std::lock_guard lock(mutex_);
        if (!tls_) {
            tls_ = std::make_unique<TlsContext>(
                endpoint_.ca_file, TlsContext::Words{"the aggregator's", "tls-ca-file"});
        }
        context = tls_.get();
    }
    return std::make_unique<TlsConnection>(*context, endpoint_.host, endpoint_.port, deadline);
}

std::string Dialer::request_head(std::string_view method, std::string_view path,
                                 std::string_view version, const std::string& token) const {
    std::string head{method};
    head += ' ';
    head += endpoint_.base_path;
    head += path;
    head += ' ';
    head += version;
    head += "\r\nHost: " + host_header(endpoint_) + "\r\nAuthorization: Bearer " + token +
            "\r\nUser-Agent: chorus-agent/" + CHORUS_VERSION + "\r\n";
    return head;
}

}  // namespace chorus::agent
