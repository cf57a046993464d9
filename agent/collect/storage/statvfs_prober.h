// statvfs(3) that does not hang when a file server is dead.
#pragma once

#include <sys/statvfs.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace chorus::agent {

struct FilesystemUsage {
    std::uint64_t total_bytes = 0, used_bytes = 0, avail_bytes = 0;
    std::uint64_t inodes = 0, inodes_free = 0;  // 0 inodes: the file system counts none
};

// nullopt for a file system without blocks. If root or a quota used more than was reserved, less
// than no space is left to users: that is 0. A file system that does not count inodes (CephFS)
// reports more free inodes than it has.
std::optional<FilesystemUsage> usage_of(const struct statvfs& fs);

// nullopt if the call fails. May block for ever on a network file system.
std::optional<FilesystemUsage> ask_statvfs(const std::string& path);

// Asks each path in a helper thread and waits for all of them up to one deadline. At most
// kMaxThreads run at a time. A path that did not answer is skipped until its thread comes back. So
// a stuck mount holds one thread. While kMaxThreads are stuck, no path is asked.
class StatvfsProber {
  public:
    using Ask = std::function<std::optional<FilesystemUsage>(const std::string&)>;
    static constexpr std::size_t kMaxThreads = 4;

    StatvfsProber(Ask ask, std::chrono::milliseconds deadline);

    struct Answer {
        std::optional<FilesystemUsage> usage;  // nullopt = failed, late, or skipped
        bool stuck = false;                    // late, or skipped because it was
    };
    // As many answers as paths, in their order.
    std::vector<Answer> ask_all(const std::vector<std::string>& paths);

  private:
    struct Probe;
    struct SharedState;
    std::shared_ptr<Probe> start(const std::string& path);
    void forget_done();  // with the mutex of shared_ held

    Ask ask_;
    std::chrono::milliseconds deadline_;
    std::shared_ptr<SharedState> shared_;  // with the helper threads, which may outlive the prober
    std::map<std::string, std::shared_ptr<Probe>> pending_;
};

}  // namespace chorus::agent
