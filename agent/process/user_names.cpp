#include "agent/process/user_names.h"

#include <pwd.h>

#include <cerrno>
#include <vector>

#include "common/batch/batch.h"
#include "common/text.h"

namespace chorus::agent {

std::string system_user_name(uid_t uid) {
    constexpr std::size_t largest = 64U << 10U;
    std::vector<char> buffer(1'024);
    passwd entry{};
    passwd* found = nullptr;
    while (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == ERANGE &&
           buffer.size() < largest) {
        buffer.resize(buffer.size() * 2);
    }
    const std::string name = found != nullptr ? found->pw_name : "";
    return name.empty() ? std::to_string(uid) : plain_name(name, limits::kLabelBytes);
}

const std::string& UserNames::name(uid_t uid) {
    if (const auto known = names_.find(uid); known != names_.end()) return known->second;
    if (names_.size() >= kMost) names_.clear();
    return names_.emplace(uid, lookup_(uid)).first->second;
}

}  // namespace chorus::agent
