#include "agent/collect/statvfs_prober.h"

#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

namespace chorus::agent {

// Shared with the helper thread, which may outlive the prober.
struct StatvfsProber::Probe {
    std::mutex mutex;  // protects the members below
    std::condition_variable answered;
    bool done = false;
    std::optional<FilesystemUsage> usage;

    bool is_done() {
        const std::lock_guard lock(mutex);
        return done;
    }
};

std::optional<FilesystemUsage> ask_statvfs(const std::string& path) {
    struct statvfs fs {};
    if (::statvfs(path.c_str(), &fs) != 0 || fs.f_blocks == 0) return std::nullopt;
    const std::uint64_t unit = fs.f_frsize;
    const std::uint64_t free = std::min(fs.f_bfree, fs.f_blocks);
    return FilesystemUsage{.total_bytes = fs.f_blocks * unit,
                           .used_bytes = (fs.f_blocks - free) * unit,
                           .avail_bytes = fs.f_bavail * unit,
                           .inodes = fs.f_files,
                           .inodes_free = fs.f_ffree};
}

std::shared_ptr<StatvfsProber::Probe> StatvfsProber::start(const std::string& path) {
    if (pending_.size() >= kMaxThreads || pending_.contains(path)) return nullptr;
    auto probe = std::make_shared<Probe>();
    try {
        std::thread([probe, path, ask = ask_] {
            const auto usage = ask(path);
            const std::lock_guard lock(probe->mutex);
            probe->usage = usage;
            probe->done = true;
            probe->answered.notify_all();
        }).detach();
    } catch (const std::system_error&) {
        return nullptr;  // no thread to be had: the value is unknown this time
    }
    pending_.emplace(path, probe);
    return probe;
}

std::vector<std::optional<FilesystemUsage>> StatvfsProber::ask_all(
    const std::vector<std::string>& paths) {
    collect_late_ones();
    std::vector<std::shared_ptr<Probe>> probes;
    probes.reserve(paths.size());
    for (const std::string& path : paths) probes.push_back(start(path));
    const auto until = std::chrono::steady_clock::now() + deadline_;
    std::vector<std::optional<FilesystemUsage>> answers(paths.size());
    for (std::size_t i = 0; i < paths.size(); ++i) {
        if (!probes[i]) continue;
        std::unique_lock lock(probes[i]->mutex);
        if (probes[i]->answered.wait_until(lock, until, [&] { return probes[i]->done; })) {
            answers[i] = probes[i]->usage;
        }
    }
    collect_late_ones();
    return answers;
}

void StatvfsProber::collect_late_ones() {
    std::erase_if(pending_, [](const auto& entry) { return entry.second->is_done(); });
}

}  // namespace chorus::agent
