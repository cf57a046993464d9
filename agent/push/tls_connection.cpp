#include "agent/push/tls_connection.h"

#include <arpa/inet.h>
#include <poll.h>

#include <array>
#include <utility>

#include "common/http/url.h"

namespace chorus::agent {
namespace {

bool is_address(const std::string& host) {
    std::array<unsigned char, sizeof(in6_addr)> ignored;
    return ::inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

std::string newest_error(const OpenSsl& lib) {
    const auto code = lib.ERR_get_error();
    const char* reason = code != 0 ? lib.ERR_reason_error_string(code) : nullptr;
    return reason != nullptr ? reason : "unknown fault";
}

}  // namespace

TlsContext::TlsContext(const std::string& ca_file, Words words) : words_(std::move(words)) {
    const OpenSsl& lib = OpenSsl::get();
    lib.ERR_clear_error();
    context_.reset(lib.SSL_CTX_new(lib.TLS_client_method()));
    if (!context_) throw ConnectionError("TLS: " + newest_error(lib));
    SSL_CTX* context = context_.get();
    lib.SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, nullptr);
    // Idle connections hold no buffers.
    lib.SSL_CTX_ctrl(context, SSL_CTRL_MODE,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                         SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER,
                     nullptr);
    lib.SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    const int trusted = ca_file.empty() ? lib.SSL_CTX_set_default_verify_paths(context)
                                        : lib.SSL_CTX_load_verify_file(context, ca_file.c_str());
    if (trusted != 1) {
        throw ConnectionError("TLS: " + words_.setting + " " + ca_file + ": " + newest_error(lib));
    }
}

TlsConnection::TlsConnection(const TlsContext& context, const std::string& asked_host,
                             std::uint16_t port, const Deadline& deadline)
    : words_(context.words()), tcp_(asked_host, port, deadline) {
    std::string host{tls_name(asked_host)};
    lib_.ERR_clear_error();
    ssl_.reset(lib_.SSL_new(context.get()));
    if (!ssl_) throw ConnectionError("TLS: " + newest_error(lib_));
    SSL* ssl = ssl_.get();
    const bool address = is_address(host);
    if (!address) {
        lib_.SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host.data());
    }
    const int named =
        address ? lib_.X509_VERIFY_PARAM_set1_ip_asc(lib_.SSL_get0_param(ssl), host.c_str())
                : lib_.SSL_set1_host(ssl, host.c_str());
    if (named != 1 || lib_.SSL_set_fd(ssl, tcp_.fd()) != 1) {
        throw ConnectionError("TLS: " + newest_error(lib_));
    }
    for (;;) {
        lib_.ERR_clear_error();
        const int result = lib_.SSL_connect(ssl);
        if (result == 1) return;
        wait_or_throw(result);
    }
}

void TlsConnection::wait_or_throw(int result) {
    switch (lib_.SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ:
            return tcp_.wait_for(POLLIN);
        case SSL_ERROR_WANT_WRITE:
            return tcp_.wait_for(POLLOUT);
        default:
            fail();
    }
}

void TlsConnection::fail() {
    const long verified = lib_.SSL_get_verify_result(ssl_.get());
    if (verified != X509_V_OK) {
        throw ConnectionError("TLS: " + words_.whose + " certificate is not trusted: " +
                              lib_.X509_verify_cert_error_string(verified) +
                              "; if its CA is your own, name it in " + words_.setting);
    }
    throw ConnectionError("TLS: " + newest_error(lib_));
}

void TlsConnection::send(std::string_view bytes) {
    while (!bytes.empty()) {
        // Bytes that come while nobody reads are an answer or the end: reading finds out.
        lib_.ERR_clear_error();
        std::size_t sent = 0;
        const int result = lib_.SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent);
        if (result == 1) {
            bytes.remove_prefix(sent);
        } else {
            wait_or_throw(result);
        }
    }
}

std::size_t TlsConnection::receive(char* to, std::size_t size) {
    for (;;) {
        lib_.ERR_clear_error();
        std::size_t received = 0;
        const int result = lib_.SSL_read_ex(ssl_.get(), to, size, &received);
        if (result == 1) return received;
        if (lib_.SSL_get_error(ssl_.get(), result) == SSL_ERROR_ZERO_RETURN) return 0;
        wait_or_throw(result);
    }
}

}  // namespace chorus::agent
