#include "agent/push/small_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

namespace chorus::agent {

bool replace_file(const std::string& path, const std::string& text) {
    const std::string fresh = path + ".new";
    const int fd =
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return false;
    bool good = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    good = ::fsync(fd) == 0 && good;
    good = ::close(fd) == 0 && good;
    return good && ::rename(fresh.c_str(), path.c_str()) == 0;
}

}  // namespace chorus::agent
