// TLS over a TCP connection. The version is at least 1.2. The server's certificate is always
// checked.
#pragma once

#include <memory>
#include <string>

#include "agent/push/openssl_library.h"
#include "agent/push/tcp_connection.h"

namespace chorus::agent {

// The trusted certificates. Many connections may use one object at the same time.
class TlsContext {
  public:
    // Names, for errors, of the peer and of the setting that holds `ca_file`.
    struct Words {
        std::string whose;
        std::string setting;
    };
    // `ca_file` (PEM) has the certificates that are trusted instead of the system's; empty = the
    // system's. Throws ConnectionError.
    TlsContext(const std::string& ca_file, Words words);
    SSL_CTX* get() const { return context_.get(); }
    const Words& words() const { return words_; }

  private:
    struct Free {
        void operator()(SSL_CTX* context) const { OpenSsl::get().SSL_CTX_free(context); }
    };
    std::unique_ptr<SSL_CTX, Free> context_;
    const Words words_;
};

class TlsConnection final : public Connection {
  public:
    // Connects and makes the TLS handshake. The certificate must be valid for `host`, a name or an
    // address.
    TlsConnection(const TlsContext& context, const std::string& host, std::uint16_t port,
                  const Deadline& deadline);

    void send(std::string_view bytes) override;
    std::size_t receive(char* to, std::size_t size) override;

  private:
    struct Free {
        void operator()(SSL* ssl) const { OpenSsl::get().SSL_free(ssl); }
    };
    // Waits for what a call that returned `result` needs, or throws.
    void wait_or_throw(int result);
    [[noreturn]] void fail();

    const OpenSsl& lib_ = OpenSsl::get();
    const TlsContext::Words words_;
    TcpConnection tcp_;
    std::unique_ptr<SSL, Free> ssl_;
};

}  // namespace chorus::agent
