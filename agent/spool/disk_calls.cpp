#include "agent/spool/disk_calls.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

namespace chorus::agent {

int DiskCalls::open(const std::string& path, int flags) {
    return ::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

ssize_t DiskCalls::write(int fd, std::string_view bytes) {
    return ::write(fd, bytes.data(), bytes.size());
}

ssize_t DiskCalls::pread(int fd, char* to, std::size_t size, std::uint64_t offset) {
    return ::pread(fd, to, size, static_cast<off_t>(offset));
}

int DiskCalls::fdatasync(int fd) {
    return ::fdatasync(fd);
}

int DiskCalls::ftruncate(int fd, std::uint64_t size) {
    return ::ftruncate(fd, static_cast<off_t>(size));
}

int DiskCalls::rename(const std::string& from, const std::string& to) {
    return ::rename(from.c_str(), to.c_str());
}

int DiskCalls::unlink(const std::string& path) {
    return ::unlink(path.c_str());
}

}  // namespace chorus::agent
