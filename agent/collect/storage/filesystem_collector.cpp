#include "agent/collect/storage/filesystem_collector.h"

#include <algorithm>
#include <utility>

namespace chorus::agent {
namespace {

using Usage = std::optional<FilesystemUsage>;

double gib(const Usage& usage, std::uint64_t FilesystemUsage::*field) {
    return usage ? static_cast<double>((*usage).*field) / (1024.0 * 1024 * 1024) : kNoValue;
}

double bytes(const Usage& usage, std::uint64_t FilesystemUsage::*field) {
    return usage ? static_cast<double>((*usage).*field) : kNoValue;
}

double share(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? kNoValue : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

// The original's rows, of "/": used of all blocks.
void emit_root(const Usage& usage, bool can_fill, MetricSink& out) {
    out.add("disk_total_gb", "gb", gib(usage, &FilesystemUsage::total_bytes));
    out.add("disk_used_gb", "gb", gib(usage, &FilesystemUsage::used_bytes));
    out.add("disk_free_gb", "gb", gib(usage, &FilesystemUsage::avail_bytes));
    out.add("disk_usage_percent", "percent",
            usage && can_fill ? share(usage->used_bytes, usage->total_bytes) : kNoValue);
}

// What is left of a file system that cannot be written to, is left to nobody: no series, so that no
// rule of space or inodes fires for an image that is full for ever.
// As df(1) counts: blocks reserved for root are neither used nor free, so full is 100 %.
void emit_mount(const SelectedMount& mount, const Usage& usage, bool stuck, MetricSink& out) {
    const std::string& point = mount.mount_point;
    double used = kNoValue, inodes = kNoValue, inodes_free = kNoValue;
    if (usage) {
        used = share(usage->used_bytes, usage->used_bytes + usage->avail_bytes);
        inodes = share(usage->inodes - std::min(usage->inodes, usage->inodes_free), usage->inodes);
        if (usage->inodes > 0) inodes_free = static_cast<double>(usage->inodes_free);
    }
    out.add("filesystem_total_bytes", point, "bytes", bytes(usage, &FilesystemUsage::total_bytes));
    out.add("filesystem_used_bytes", point, "bytes", bytes(usage, &FilesystemUsage::used_bytes));
    if (mount.can_fill) {
        out.add("filesystem_avail_bytes", point, "bytes",
                bytes(usage, &FilesystemUsage::avail_bytes));
        out.add("disk_usage_percent", point, "percent", used);
        out.add("filesystem_inodes_usage_percent", point, "percent", inodes);
        out.add("filesystem_inodes_free_count", point, "count", inodes_free);
    }
    out.add("filesystem_readonly", point, "bool", mount.read_only ? 1 : 0);
    out.add("filesystem_stuck", point, "bool", stuck ? 1 : 0);
}

// What fills up and stops a machine comes first: "/", then local devices, then what is served by
// another machine or a program, and last what nothing can be written to.
int rank_of(const SelectedMount& mount) {
    if (mount.mount_point == "/") return 0;
    if (!mount.can_fill) return 4;
    if (may_hang(mount.type)) return 3;
    return mount.source.starts_with("/dev/") ? 1 : 2;
}

// Returns how many were left out; the others stay in order.
std::size_t keep_first(std::vector<SelectedMount>& mounts, std::size_t most) {
    if (mounts.size() <= most) return 0;
    const std::size_t left_out = mounts.size() - most;
    std::stable_sort(mounts.begin(), mounts.end(),
                     [](const auto& a, const auto& b) { return rank_of(a) < rank_of(b); });
    mounts.resize(most);
    std::sort(mounts.begin(), mounts.end(),
              [](const auto& a, const auto& b) { return a.mount_point < b.mount_point; });
    return left_out;
}

}  // namespace

FilesystemCollector::FilesystemCollector(Reader& proc, ReadFaults& faults, std::string rootfs,
                                         StatvfsProber::Ask ask, std::chrono::milliseconds deadline)
    : proc_(proc),
      faults_(faults),
      rootfs_(std::move(rootfs)),
      ask_(ask),
      prober_(std::move(ask), deadline) {
    while (rootfs_.ends_with('/')) rootfs_.pop_back();
}

std::string FilesystemCollector::path_of(const std::string& mount_point) const {
    return rootfs_ + mount_point;
}

std::vector<SelectedMount> FilesystemCollector::read_mounts() {
    // The host's mounts; only root may read those of process 1.
    auto file = proc_.read("1/mountinfo");
    if (!file) file = proc_.read("self/mountinfo");
    if (!file) {
        faults_.note("/proc/self/mountinfo", file.error);
        return mounts_;
    }
    const auto all = parse_mountinfo(file.text);
    const auto on_root = std::find_if(all.rbegin(), all.rend(),
                                      [](const Mount& mount) { return mount.mount_point == "/"; });
    root_fills_ = on_root == all.rend() || can_fill(all, on_root->device_id);
    auto mounts = select_mounts(all);
    left_out_ = keep_first(mounts, kMaxMounts);
    mounts_ = mounts;
    return mounts;
}

// Local file systems are asked directly, those that may hang (or lie below one that may) by helper
// threads.
std::vector<StatvfsProber::Answer> FilesystemCollector::ask_each(
    const std::vector<SelectedMount>& mounts) {
    std::vector<StatvfsProber::Answer> answers(mounts.size());
    std::vector<std::size_t> risky;
    std::vector<std::string> risky_paths;
    for (std::size_t i = 0; i < mounts.size(); ++i) {
        const bool hangs = std::any_of(mounts.begin(), mounts.end(), [&](const Mount& other) {
            return may_hang(other.type) && (other.mount_point == mounts[i].mount_point ||
                                            is_below(mounts[i].mount_point, other.mount_point));
        });
        if (hangs) {
            risky.push_back(i);
            risky_paths.push_back(path_of(mounts[i].mount_point));
        } else {
            answers[i].usage = ask_(path_of(mounts[i].mount_point));
        }
    }
    const auto of_risky = prober_.ask_all(risky_paths);
    for (std::size_t i = 0; i < risky.size(); ++i) answers[risky[i]] = of_risky[i];
    return answers;
}

void FilesystemCollector::collect(MetricSink& out) {
    const auto mounts = read_mounts();
    const auto answers = ask_each(mounts);
    Usage root;
    bool root_listed = false;
    for (std::size_t i = 0; i < mounts.size(); ++i) {
        if (mounts[i].mount_point != "/") continue;
        root = answers[i].usage;
        root_listed = true;
    }
    // In a container "/" is an overlay, which is not listed but still what the original told.
    if (!root_listed) root = ask_(path_of("/"));
    emit_root(root, root_fills_, out);
    out.left_out("mounts", left_out_);
    for (std::size_t i = 0; i < mounts.size(); ++i) {
        emit_mount(mounts[i], answers[i].usage, answers[i].stuck, out);
    }
}

}  // namespace chorus::agent
