// A spool in a directory of its own, and a disk that fails when it is told.
#pragma once

#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "agent/spool/spool.h"
#include "tests/unit/agent/tree.h"

namespace chorus::agent::testing {

// Fails the `fail_at`-th of its calls, counted from 1, with `error`; a write then writes half.
class FailingDisk final : public DiskCalls {
  public:
    int open(const std::string& path, int flags) override {
        return fails() ? -1 : DiskCalls::open(path, flags);
    }
    ssize_t write(int fd, std::string_view bytes) override {
        if (!fails()) return DiskCalls::write(fd, bytes);
        const int cause = errno;
        DiskCalls::write(fd, bytes.substr(0, bytes.size() / 2));
        errno = cause;
        return -1;
    }
    ssize_t pread(int fd, char* to, std::size_t size, std::uint64_t offset) override {
        return fails() ? -1 : DiskCalls::pread(fd, to, size, offset);
    }
    int fdatasync(int fd) override { return fails() ? -1 : DiskCalls::fdatasync(fd); }
    int ftruncate(int fd, std::uint64_t size) override {
        return fails() ? -1 : DiskCalls::ftruncate(fd, size);
    }
    int rename(const std::string& from, const std::string& to) override {
        return fails() ? -1 : DiskCalls::rename(from, to);
    }
    int unlink(const std::string& path) override { return fails() ? -1 : DiskCalls::unlink(path); }

    int calls = 0;
    int fail_at = 0;        // 0 = never
    bool fails_on = false;  // and every call after it
    int error = ENOSPC;

  private:
    bool fails() {
        ++calls;
        const bool now = fail_at > 0 && (fails_on ? calls >= fail_at : calls == fail_at);
        if (now) errno = error;
        return now;
    }
};

struct SpoolFixture {
    static constexpr std::uint64_t kRoom = 64U << 20U;

    std::unique_ptr<Spool> open(std::uint64_t room = kRoom) {
        return std::make_unique<Spool>(path(), room, disk);
    }
    std::string path() const { return directory.path() + "/spool"; }
    std::string first_segment() const { return "spool/00000000000000000001.seg"; }

    TemporaryTree directory;
    FailingDisk disk;
};

// Takes everything out of a spool, as the sender does.
inline std::vector<std::string> drain(Spool& spool) {
    std::vector<std::string> payloads;
    while (auto batch = spool.oldest()) {
        payloads.push_back(batch->payload);
        spool.remove(batch->seq);
    }
    return payloads;
}

}  // namespace chorus::agent::testing
