// TLS towards checked services: certificates are verified and their end is told.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/timestamp.h"

struct ssl_ctx_st;
struct ssl_st;

namespace chorus::health {

struct FreeTls {
    void operator()(ssl_ctx_st* context) const;
    void operator()(ssl_st* connection) const;
};

// What all connections share: the system's authorities and those of `ca_file` (PEM), TLS 1.2 and
// newer. Throws std::runtime_error if the file cannot be read.
class TlsContext {
  public:
    explicit TlsContext(const std::string& ca_file);
    ssl_ctx_st* get() const { return context_.get(); }

  private:
    std::unique_ptr<ssl_ctx_st, FreeTls> context_;
};

// One connection over a non-blocking socket, which it does not own.
class TlsStream {
  public:
    enum class Wait { nothing, read, write, closed, failed };

    // `host` (name or address) must be in the server's certificate.
    TlsStream(const TlsContext& context, int fd, std::string_view host);

    // nothing: done, and the certificate is good.
    Wait handshake();
    Wait write(std::string_view bytes, std::size_t& written);
    Wait read(char* buffer, std::size_t size, std::size_t& received);

    // Why it failed, for people.
    const std::string& error() const { return error_; }
    // The earliest notAfter of the chain, known after the handshake, also if it was refused.
    std::optional<Timestamp> certificate_expires() const { return expires_; }

  private:
    Wait judge(int result);
    bool certificate_is_good();

    std::unique_ptr<ssl_st, FreeTls> connection_;
    std::string error_;
    std::optional<Timestamp> expires_;
};

}  // namespace chorus::health
