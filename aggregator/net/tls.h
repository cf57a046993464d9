// TLS to checked services. Certificates are verified, and the date on which they end is noted.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/timestamp.h"

struct ssl_ctx_st;
struct ssl_st;

namespace chorus::net {

struct FreeTls {
    void operator()(ssl_ctx_st* context) const;
    void operator()(ssl_st* connection) const;
};

// Shared by all connections: the system's authorities and those of `ca_file` (PEM), TLS 1.2 and
// newer. Throws std::runtime_error if the file cannot be read.
class TlsContext {
  public:
    explicit TlsContext(const std::string& ca_file);
    ssl_ctx_st* get() const { return context_.get(); }

  private:
    std::unique_ptr<ssl_ctx_st, FreeTls> context_;
};

// One connection over a non-blocking socket that it does not own.
class TlsStream {
  public:
    enum class Wait { nothing, read, write, closed, failed };

    // The server's certificate must have `host` (a name or address).
    TlsStream(const TlsContext& context, int fd, std::string_view host);

    // nothing: done, and the certificate is good.
    Wait handshake();
    Wait write(std::string_view bytes, std::size_t& written);
    Wait read(char* buffer, std::size_t size, std::size_t& received);

    // Why it failed, for people.
    const std::string& error() const { return error_; }
    // The earliest notAfter of the chain. Known after the handshake, also after a refused one.
    std::optional<Timestamp> certificate_expires() const { return expires_; }

  private:
    Wait judge(int result);
    bool certificate_is_good();

    std::unique_ptr<ssl_st, FreeTls> connection_;
    std::string error_;
    std::optional<Timestamp> expires_;
};

}  // namespace chorus::net
