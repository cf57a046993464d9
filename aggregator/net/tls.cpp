#include "aggregator/net/tls.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <stdexcept>

#include "common/http/url.h"

namespace chorus::net {
namespace {

bool is_address(const std::string& host) {
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
           inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

std::optional<Timestamp> end_of(const X509* certificate) {
    std::tm time{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1) return std::nullopt;
    return from_unix_micros(static_cast<std::int64_t>(timegm(&time)) * 1'000'000);
}

// When the first certificate ends on the way from the server's to the one that is trusted. Others
// that the server sends besides are not needed and do not matter.
std::optional<Timestamp> earliest_end(const SSL* connection, const X509* own) {
    auto earliest = end_of(own);
    const STACK_OF(X509)* chain = SSL_get0_verified_chain(connection);
    for (int i = 0; i < sk_X509_num(chain); ++i) {
        const auto end = end_of(sk_X509_value(chain, i));
        if (end && (!earliest || *end < *earliest)) earliest = end;
    }
    return earliest;
}

}  // namespace

void FreeTls::operator()(ssl_ctx_st* context) const {
    SSL_CTX_free(context);
}
void FreeTls::operator()(ssl_st* connection) const {
    SSL_free(connection);
}

TlsContext::TlsContext(const std::string& ca_file) : context_(SSL_CTX_new(TLS_client_method())) {
    if (!context_) throw std::runtime_error("TLS cannot be used");
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
    SSL_CTX_set_mode(context_.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                         SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(context_.get(), SSL_OP_NO_RENEGOTIATION);
    // The handshake runs to its end also with a bad certificate, so that its expiry can be told;
    // handshake() judges it before a byte is sent.
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_NONE, nullptr);
    SSL_CTX_set_default_verify_paths(context_.get());
    if (!ca_file.empty() &&
        SSL_CTX_load_verify_locations(context_.get(), ca_file.c_str(), nullptr) != 1) {
        ERR_clear_error();
        throw std::runtime_error("health-ca-file: no certificates can be read from " + ca_file);
    }
    ERR_clear_error();
}

TlsStream::TlsStream(const TlsContext& context, int fd, std::string_view asked_host)
    : connection_(SSL_new(context.get())) {
    const std::string host{tls_name(asked_host)};
    SSL* ssl = connection_.get();
    if (ssl == nullptr || SSL_set_fd(ssl, fd) != 1) throw std::runtime_error("TLS cannot be used");
    bool named = false;
    if (is_address(host)) {
        named = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
    } else {
        named = SSL_set1_host(ssl, host.c_str()) == 1 &&
                // As SSL_set_tlsext_host_name, whose macro casts; OpenSSL copies the name.
                SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                         const_cast<char*>(host.c_str())) == 1;
    }
    if (!named) throw std::runtime_error("TLS cannot be used with this host name");
    SSL_set_connect_state(ssl);
}

bool TlsStream::certificate_is_good() {
    const X509* certificate = SSL_get0_peer_certificate(connection_.get());
    if (certificate == nullptr) {
        error_ = "TLS: the server has no certificate";
        return false;
    }
    expires_ = earliest_end(connection_.get(), certificate);
    const long verdict = SSL_get_verify_result(connection_.get());
    if (verdict == X509_V_OK) return true;
    error_ = std::string("TLS certificate: ") + X509_verify_cert_error_string(verdict);
    return false;
}

TlsStream::Wait TlsStream::judge(int result) {
    const int saved = errno;
    switch (SSL_get_error(connection_.get(), result)) {
        case SSL_ERROR_NONE:
            return Wait::nothing;
        case SSL_ERROR_WANT_READ:
            return Wait::read;
        case SSL_ERROR_WANT_WRITE:
            return Wait::write;
        case SSL_ERROR_ZERO_RETURN:
            return Wait::closed;
        case SSL_ERROR_SYSCALL:
            error_ = saved == ECONNRESET || saved == EPIPE ? "Connection reset"
                                                           : "Connection closed during TLS";
            break;
        default: {
            const unsigned long code = ERR_get_error();
            if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
                ERR_clear_error();
                error_ = "Connection closed during TLS";
                return Wait::failed;
            }
            const char* reason = ERR_reason_error_string(code);
            error_ = std::string("TLS: ") + (reason != nullptr ? reason : "protocol error");
        }
    }
    ERR_clear_error();
    return Wait::failed;
}

TlsStream::Wait TlsStream::handshake() {
    ERR_clear_error();
    errno = 0;
    const Wait wait = judge(SSL_do_handshake(connection_.get()));
    if (wait != Wait::nothing) return wait == Wait::closed ? Wait::failed : wait;
    return certificate_is_good() ? Wait::nothing : Wait::failed;
}

TlsStream::Wait TlsStream::write(std::string_view bytes, std::size_t& written) {
    ERR_clear_error();
    errno = 0;
    return judge(SSL_write_ex(connection_.get(), bytes.data(), bytes.size(), &written));
}

TlsStream::Wait TlsStream::read(char* buffer, std::size_t size, std::size_t& received) {
    ERR_clear_error();
    errno = 0;
    return judge(SSL_read_ex(connection_.get(), buffer, size, &received));
}

}  // namespace chorus::net
