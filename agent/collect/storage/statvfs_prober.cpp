#include "agent/collect/storage/statvfs_prober.h"

#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

namespace chorus::agent {

struct StatvfsProber::SharedState {
    std::mutex mutex;  // protects every probe
    std::condition_variable answered;
};

struct StatvfsProber::Probe {
    bool done = false;
    std::optional<FilesystemUsage> usage;
};

StatvfsProber::StatvfsProber(Ask ask, std::chrono::milliseconds deadline)
    : ask_(std::move(ask)), deadline_(deadline), shared_(std::make_shared<SharedState>()) {}

std::optional<FilesystemUsage> usage_of(const struct statvfs& fs) {
    if (fs.f_blocks == 0) return std::nullopt;
    const std::uint64_t unit = fs.f_frsize;
    // The fields have no sign: what is above all blocks is below 0.
    const auto within = [&](std::uint64_t blocks) { return blocks > fs.f_blocks ? 0 : blocks; };
    const bool counts_inodes = fs.f_ffree <= fs.f_files;
    return FilesystemUsage{.total_bytes = fs.f_blocks * unit,
                           .used_bytes = (fs.f_blocks - within(fs.f_bfree)) * unit,
                           .avail_bytes = within(fs.f_bavail) * unit,
                           .inodes = counts_inodes ? fs.f_files : 0,
                           .inodes_free = counts_inodes ? fs.f_ffree : 0};
}

std::optional<FilesystemUsage> ask_statvfs(const std::string& path) {
    struct statvfs fs {};
    if (::statvfs(path.c_str(), &fs) != 0) return std::nullopt;
    return usage_of(fs);
}

std::shared_ptr<StatvfsProber::Probe> StatvfsProber::start(const std::string& path) {
    auto probe = std::make_shared<Probe>();
    try {
        std::thread([probe, path, shared = shared_, ask = ask_] {
            const auto usage = ask(path);
            const std::lock_guard lock(shared->mutex);
            probe->usage = usage;
            probe->done = true;
            shared->answered.notify_all();
        }).detach();
    } catch (const std::system_error&) {
        return nullptr;  // no thread to be had: the value is unknown this time
    }
    pending_.emplace(path, probe);
    return probe;
}

std::vector<StatvfsProber::Answer> StatvfsProber::ask_all(const std::vector<std::string>& paths) {
    const auto until = std::chrono::steady_clock::now() + deadline_;
    std::vector<std::shared_ptr<Probe>> probes(paths.size());
    std::unique_lock lock(shared_->mutex);
    forget_done();
    const auto has_room = [&] {
        forget_done();
        return pending_.size() < kMaxThreads;
    };
    std::vector<Answer> answers(paths.size());
    bool room = has_room();
    for (std::size_t i = 0; i < paths.size(); ++i) {
        answers[i].stuck = pending_.contains(paths[i]);
        if (answers[i].stuck || !room) continue;
        room = shared_->answered.wait_until(lock, until, has_room);
        if (room) probes[i] = start(paths[i]);
    }
    for (std::size_t i = 0; i < paths.size(); ++i) {
        if (!probes[i]) continue;
        const auto done = [&] { return probes[i]->done; };
        answers[i].stuck = !shared_->answered.wait_until(lock, until, done);
        if (!answers[i].stuck) answers[i].usage = probes[i]->usage;
    }
    forget_done();
    return answers;
}

void StatvfsProber::forget_done() {
    std::erase_if(pending_, [](const auto& entry) { return entry.second->done; });
}

}  // namespace chorus::agent
