// Turns DATABASE_URL into libpq's connection string.
#pragma once

#include <string>
#include <string_view>

namespace chorus::store {

// A file in memory with mode 0600. This process can read it through its path.
class SecretFile {
  public:
    SecretFile() = default;
    // Throws std::system_error.
    SecretFile(const char* name, std::string_view content);
    ~SecretFile();
    SecretFile(SecretFile&& other) noexcept;
    SecretFile& operator=(SecretFile&& other) noexcept;

    bool exists() const { return descriptor_ >= 0; }
    std::string path() const;  // /proc/self/fd/N

  private:
    int descriptor_ = -1;
};

// How to reach the server. The password is in a file, so that no message that shows the string
// shows it.
struct ConnectionTarget {
    std::string connection;   // "host=... port=... passfile=..."
    std::string description;  // "db.example:5432/chorus" for logs
    SecretFile password_file;
};

// Accepts postgresql://, postgres:// and postgresql+DRIVER:// with user, password, several hosts,
// IPv6 addresses, percent-encoding and libpq's parameters after `?`. Throws std::invalid_argument.
// Its message has no part of the URL but the scheme or a parameter's name.
ConnectionTarget parse_database_url(std::string_view url);

}  // namespace chorus::store
