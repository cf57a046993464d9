#include "agent/process/thread_accounting.h"

#include <cerrno>
#include <utility>

#include "agent/process/fold.h"
#include "agent/process/pid_files.h"
#include "agent/process/rounding.h"
#include "agent/procfs/support/directory.h"
#include "agent/procfs/support/text_scan.h"

namespace chorus::agent {
namespace {

using std::chrono::nanoseconds;
using Count = std::optional<std::uint64_t>;

// What all threads did since the last scan. One unknown makes the sum unknown.
class Growth {
  public:
    // All of it counts for a new thread, or where its number was given again.
    void add(const Count& before, const Count& now) {
        known_ = known_ && now;
        if (known_) sum_ += before && *before <= *now ? *now - *before : *now;
    }
    std::optional<double> per_second(nanoseconds span) const {
        if (!known_) return std::nullopt;
        return round_figure(static_cast<double>(sum_) / seconds_of(span));
    }
    // The sum being nanoseconds.
    std::optional<double> percent_of(nanoseconds span) const {
        if (!known_) return std::nullopt;
        return round_figure(100 * static_cast<double>(sum_) / static_cast<double>(span.count()));
    }

  private:
    std::uint64_t sum_ = 0;
    bool known_ = true;
};

}  // namespace

ThreadAccounting::ThreadAccounting(Reader& proc, ReadFaults& faults, std::vector<std::string> globs,
                                   nanoseconds longest_gap)
    : proc_(proc), faults_(faults), globs_(std::move(globs)), longest_gap_(longest_gap) {}

void ThreadAccounting::fill(std::vector<ProcessSample>& rows) {
    if (globs_.empty()) return;
    ++scan_;
    std::size_t left = kMostThreads;
    for (ProcessSample& row : rows) {
        if (!matches_any(row.name, globs_)) continue;
        const auto at = proc_.clock().since_boot();
        auto threads = read_threads(row.pid, left);
        if (!threads) continue;
        left -= threads->size();
        tell(row, tracked_[row.pid], std::move(*threads), at);
    }
    std::erase_if(tracked_, [&](const auto& entry) { return entry.second.scan != scan_; });
}

void ThreadAccounting::tell(ProcessSample& row, Tracked& tracked, Threads&& now, nanoseconds at) {
    const nanoseconds span = at - tracked.at;
    if (tracked.start_ticks == row.start_ticks && span > nanoseconds{0} && span <= longest_gap_) {
        Growth wait, voluntary, involuntary;
        for (const auto& [tid, counts] : now) {
            const auto known = tracked.threads.find(tid);
            const Counts before = known == tracked.threads.end() ? Counts{} : known->second;
            wait.add(before.wait_ns, counts.wait_ns);
            voluntary.add(before.switches.voluntary, counts.switches.voluntary);
            involuntary.add(before.switches.involuntary, counts.switches.involuntary);
        }
        row.cpu_wait_percent = wait.percent_of(span);
        row.voluntary_switches_per_sec = voluntary.per_second(span);
        row.involuntary_switches_per_sec = involuntary.per_second(span);
    }
    tracked = {.start_ticks = row.start_ticks, .at = at, .threads = std::move(now), .scan = scan_};
}

// nullopt if there are more than `most`, or none.
std::optional<ThreadAccounting::Threads> ThreadAccounting::read_threads(std::int32_t pid,
                                                                        std::size_t most) const {
    const Directory directory = open_directory(proc_.fd(), PidPath(pid, "task").c_str());
    if (!directory) {
        if (!has_ended(errno)) faults_.note("/proc/PID/task", errno);
        return std::nullopt;
    }
    Threads threads;
    while (const dirent* entry = ::readdir(directory.get())) {
        const auto tid = parse_number<std::int32_t>(entry->d_name);
        if (!tid) continue;
        if (threads.size() == most) return std::nullopt;
        if (auto counts = read_thread(pid, *tid)) threads.emplace(*tid, *counts);
    }
    return threads.empty() ? std::nullopt : std::optional(std::move(threads));
}

// nullopt if the thread has ended.
std::optional<ThreadAccounting::Counts> ThreadAccounting::read_thread(std::int32_t pid,
                                                                      std::int32_t tid) const {
    Counts counts;
    const auto schedstat = proc_.read_record(PidPath(pid, tid, "schedstat").c_str());
    // Kernels built without it have no such file.
    if (schedstat) counts.wait_ns = parse_cpu_wait(schedstat.text);
    const auto status = proc_.read_record(PidPath(pid, tid, "status").c_str());
    if (!status) {
        if (has_ended(status.error)) return std::nullopt;
        faults_.note("/proc/PID/task/TID/status", status.error);
        return counts;
    }
    counts.switches = parse_context_switches(status.text);
    return counts;
}

}  // namespace chorus::agent
