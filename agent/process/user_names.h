// Names of users, looked up once each.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>

namespace chorus::agent {

// By getpwuid_r(3). A user without a name is shown as the number.
std::string system_user_name(uid_t uid);

class UserNames {
  public:
    using Lookup = std::function<std::string(uid_t)>;
    explicit UserNames(Lookup lookup = system_user_name) : lookup_(std::move(lookup)) {}

    const std::string& name(uid_t uid);

  private:
    static constexpr std::size_t kMost = 10'000;
    Lookup lookup_;
    std::unordered_map<uid_t, std::string> names_;
};

}  // namespace chorus::agent
