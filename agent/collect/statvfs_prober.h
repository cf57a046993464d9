// statvfs(3) that a dead file server cannot hang.
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

// nullopt if the path cannot be asked. May block for ever on a network file system.
std::optional<FilesystemUsage> ask_statvfs(const std::string& path);

// Asks each path in a helper thread and waits for all of them up to one deadline. A path that did
// not answer is skipped until its thread comes back, so that a stuck mount holds one thread, and
// never more than kMaxThreads are held in all.
class StatvfsProber {
  public:
    using Ask = std::function<std::optional<FilesystemUsage>(const std::string&)>;
    static constexpr std::size_t kMaxThreads = 32;

    StatvfsProber(Ask ask, std::chrono::milliseconds deadline)
        : ask_(std::move(ask)), deadline_(deadline) {}

    // As many answers as paths, in their order; nullopt = failed, late, or skipped.
    std::vector<std::optional<FilesystemUsage>> ask_all(const std::vector<std::string>& paths);
    // Threads that have not come back.
    std::size_t stuck() const { return pending_.size(); }

  private:
    struct Probe;
    std::shared_ptr<Probe> start(const std::string& path);
    void collect_late_ones();

    Ask ask_;
    std::chrono::milliseconds deadline_;
    std::map<std::string, std::shared_ptr<Probe>> pending_;
};

}  // namespace chorus::agent
