// Certificates made for one test.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace chorus::net::test {

// A self-signed certificate and its key in a directory of their own.
class Certificate {
  public:
    // `subject_alt_name` as OpenSSL writes it: "DNS:localhost", "IP:127.0.0.1". Times in days from
    // now.
    Certificate(const std::string& subject_alt_name, int begins_in_days, int ends_in_days);
    ~Certificate();
    Certificate(const Certificate&) = delete;
    Certificate& operator=(const Certificate&) = delete;

    std::string file() const { return directory_ / "certificate.pem"; }
    // Speaks TLS with this certificate and answers one request.
    std::function<void(int fd)> answering(std::string answer) const;

  private:
    std::filesystem::path directory_;
};

}  // namespace chorus::net::test
