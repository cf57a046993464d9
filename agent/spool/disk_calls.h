// The system calls of the spool, which a test can make fail.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace chorus::agent {

// Each returns what the system call of its name returns, and sets errno.
class DiskCalls {
  public:
    virtual ~DiskCalls() = default;
    virtual int open(const std::string& path, int flags);
    virtual ssize_t write(int fd, std::string_view bytes);
    virtual ssize_t pread(int fd, char* to, std::size_t size, std::uint64_t offset);
    virtual int fdatasync(int fd);
    virtual int ftruncate(int fd, std::uint64_t size);
    virtual int rename(const std::string& from, const std::string& to);
    virtual int unlink(const std::string& path);
};

}  // namespace chorus::agent
