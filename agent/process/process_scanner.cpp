#include "agent/process/process_scanner.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <limits>
#include <memory>

#include "agent/process/fold.h"
#include "agent/process/process_name.h"
#include "agent/procfs/directory.h"
#include "agent/procfs/pid_cgroup.h"
#include "agent/procfs/pid_io.h"
#include "agent/procfs/text_scan.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

using std::chrono::nanoseconds;

// "PID/NAME" on the stack: a walk over thousands of processes makes no strings of them.
class PidPath {
  public:
    PidPath(std::int32_t pid, const char* name) {
        std::snprintf(text_, sizeof text_, "%d/%s", pid, name);
    }
    const char* c_str() const { return text_; }

  private:
    char text_[32];
};

// A longer text would make the aggregator refuse the whole batch.
bool is_sendable(std::string_view text) {
    return text.size() <= limits::kLabelBytes && !find_invalid_utf8(text);
}

bool has_ended(int error) {
    return error == ENOENT || error == ESRCH;
}

// What is behind the third decimal is noise that does not compress.
double round_percent(double value) {
    return std::round(value * 1e3) / 1e3;
}

constexpr std::chrono::milliseconds kCmdlineDeadline{80};
constexpr int kCmdlineTries = 3;
constexpr std::uint64_t kYoungScans = 3;
constexpr std::uint64_t kUserScans = 16;

// Since Linux 6.2 the size of /proc/PID/fd is the number of open files: proc_pid_fd(5). A recorded
// tree lies on a file system with other ideas of a size.
bool gives_fd_count_as_size(const Reader& proc) {
    struct statfs fs {};
    struct stat status {};
    return ::fstatfs(proc.fd(), &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC &&
           ::fstatat(proc.fd(), "self/fd", &status, 0) == 0 && status.st_size > 0;
}

// Shares over less than a tick are noise.
std::optional<double> cpu_share(std::uint64_t ticks, nanoseconds time,
                                std::int64_t ticks_per_second) {
    const double seconds = std::chrono::duration<double>(time).count();
    const auto per_second = static_cast<double>(ticks_per_second);
    if (seconds * per_second < 1) return std::nullopt;
    return round_percent(100 * static_cast<double>(ticks) / (per_second * seconds));
}

}  // namespace

ProcessScanner::ProcessScanner(Reader& proc, ReadFaults& faults, UserNames users,
                               nanoseconds interval, ScanConstants constants, ScanOptions options,
                               GuardedReader::ReadFile read_cmdline)
    : proc_(proc),
      faults_(faults),
      users_(std::move(users)),
      longest_gap_(3 * interval),
      constants_(constants),
      options_(std::move(options)),
      guarded_(read_cmdline ? std::move(read_cmdline) : GuardedReader::files_below(proc.root()),
               kCmdlineDeadline),
      fd_count_is_size_(gives_fd_count_as_size(proc)) {}

ProcessTable ProcessScanner::scan(std::optional<std::uint64_t> memory_total_bytes,
                                  std::optional<std::int64_t> cpu_count) {
    ++scan_;
    ProcessTable table;
    const auto pids = list_pids();
    table.rows.reserve(pids.size());
    first_read_.reset();
    counts_ = {};
    for (const std::int32_t pid : pids) {
        auto process = read_process(pid);
        if (!process) continue;
        ++counts_.processes;
        counts_.threads += process->num_threads.value_or(0);
        counts_.zombies += process->state == ProcessState::zombie;
        counts_.uninterruptible += process->state == ProcessState::disk_sleep;
        if (process->memory_rss_bytes && memory_total_bytes && *memory_total_bytes > 0) {
            const auto rss = static_cast<double>(*process->memory_rss_bytes);
            process->memory_percent = round_percent(
                std::min(100.0, 100 * rss / static_cast<double>(*memory_total_bytes)));
        }
        if (process->cpu_percent && cpu_count) {
            process->cpu_percent =
                std::min(*process->cpu_percent, 100 * static_cast<double>(*cpu_count));
        }
        table.rows.push_back(std::move(*process));
    }
    table.scanned = static_cast<std::int64_t>(table.rows.size());
    std::erase_if(known_, [&](const auto& entry) { return entry.second.scan != scan_; });
    last_scan_ = first_read_;
    attributed_ticks_ = attribution_.finish();
    fold_small_processes(
        table, std::min(options_.most, limits::kProcessesPerBatch), options_.always,
        [&](const ProcessSample& process) { return known_[process.pid].disk_growth; });
    return table;
}

std::vector<std::int32_t> ProcessScanner::list_pids() {
    std::vector<std::int32_t> pids;
    const Directory directory = open_directory(proc_.fd(), ".");
    if (!directory) {
        faults_.note("/proc", errno);
        return pids;
    }
    while (const dirent* entry = ::readdir(directory.get())) {
        const auto pid = parse_number<std::int32_t>(entry->d_name);
        if (pid && *pid > 0) pids.push_back(*pid);
    }
    std::sort(pids.begin(), pids.end());
    return pids;
}

std::optional<ProcessSample> ProcessScanner::read_process(std::int32_t pid) {
    const auto file = proc_.read_record(PidPath(pid, "stat").c_str());
    if (!file) {
        if (!has_ended(file.error)) faults_.note("/proc/PID/stat", file.error);
        return std::nullopt;
    }
    const auto stat = parse_pid_stat(file.text);
    if (!stat) {
        faults_.note("/proc/PID/stat", EINVAL);
        return std::nullopt;
    }
    if (!first_read_) first_read_ = file.at;
    attribution_.add(*stat);
    ProcessSample process;
    process.pid = pid;
    process.ppid = stat->ppid;
    process.start_ticks = stat->start_ticks;
    process.state = process_state_from_letter(stat->state);
    process.num_threads = stat->num_threads;
    if (stat->rss_pages <= std::numeric_limits<std::int64_t>::max() / constants_.page_bytes) {
        process.memory_rss_bytes = stat->rss_pages * constants_.page_bytes;
    }
    Known& known = recognise(*stat, file.at, process.cpu_percent);
    process.name = known.name;
    process.unit = known.unit;
    process.container_id = known.container_id;
    process.user = known.user;
    process.cmdline = known.cmdline;
    process.fd_count = count_fds(pid);
    read_io(process, known);
    return process;
}

ProcessScanner::Known& ProcessScanner::recognise(const PidStat& stat, nanoseconds at,
                                                 std::optional<double>& cpu_percent) {
    const std::uint64_t ticks = stat.user_ticks + stat.system_ticks;
    const auto [place, fresh] = known_.try_emplace(stat.pid);
    Known& known = place->second;
    const bool same = !fresh && known.start_ticks == stat.start_ticks;
    if (!same) {
        cpu_percent = share_since_start(stat, at);
    } else if (ticks >= known.cpu_ticks && at > known.at && at - known.at <= longest_gap_) {
        cpu_percent =
            cpu_share(ticks - known.cpu_ticks, at - known.at, constants_.ticks_per_second);
    }
    known.start_ticks = stat.start_ticks;
    known.cpu_ticks = ticks;
    known.at = at;
    known.scan = scan_;
    // At an exec too: a service manager moves the process into its unit just before that.
    if (!same || known.comm != stat.comm) {
        known.comm = stat.comm;
        known.name = process_name(known.comm, {});
        known.cmdline.clear();
        known.cmdline_tries = kCmdlineTries;
        known.since = scan_;
        read_cgroup(known, stat.pid);
    }
    // Users change in the first moments after a start, if they do; later ones are seen late rather
    // than asked for at each scan. Spread over the scans by PID.
    const bool young = scan_ - known.since < kYoungScans;
    if (young || (scan_ + static_cast<std::uint64_t>(stat.pid)) % kUserScans == 0) {
        read_user(known, stat.pid);
    }
    if (known.cmdline_tries > 0) read_cmdline(known, stat.pid);
    return known;
}

// Only for a process that started since the last scan: the mean of an old one tells of another
// time.
std::optional<double> ProcessScanner::share_since_start(const PidStat& stat, nanoseconds at) const {
    if (!last_scan_ || at - *last_scan_ > longest_gap_) return std::nullopt;
    const nanoseconds start{stat.start_ticks * (1'000'000'000 / constants_.ticks_per_second)};
    const nanoseconds tick{1'000'000'000 / constants_.ticks_per_second};
    if (start + tick < *last_scan_ || start >= at) return std::nullopt;
    return cpu_share(stat.user_ticks + stat.system_ticks, at - start, constants_.ticks_per_second);
}

// The name and the arguments are both in it. A process that holds its readers is asked again in
// later scans, a few times.
void ProcessScanner::read_cmdline(Known& known, std::int32_t pid) {
    const bool for_name = known.comm.size() >= kCommBytes;
    if (options_.cmdline == CmdlineMode::none && !for_name) {
        known.cmdline_tries = 0;
        return;
    }
    const auto file = guarded_.read(PidPath(pid, "cmdline").c_str());
    if (file.error == ETIMEDOUT || file.error == EAGAIN) {
        --known.cmdline_tries;
        faults_.note("/proc/PID/cmdline", file.error);
        return;
    }
    known.cmdline_tries = 0;
    if (file.error != 0) {
        if (!has_ended(file.error)) faults_.note("/proc/PID/cmdline", file.error);
        return;
    }
    known.name = process_name(known.comm, file.text);
    known.cmdline = readable_cmdline(file.text, options_.cmdline);
}

// The owner of the directory is the effective user: proc(5).
void ProcessScanner::read_user(Known& known, std::int32_t pid) {
    struct stat owner {};
    if (::fstatat(proc_.fd(), PidPath(pid, "").c_str(), &owner, 0) == 0) {
        known.user = users_.name(owner.st_uid);
    }
}

void ProcessScanner::read_cgroup(Known& known, std::int32_t pid) {
    PidCgroup cgroup;
    const auto file = proc_.read(PidPath(pid, "cgroup").c_str());
    if (file) {
        cgroup = parse_pid_cgroup(file.text);
    } else if (!has_ended(file.error)) {
        faults_.note("/proc/PID/cgroup", file.error);
    }
    known.unit = is_sendable(cgroup.unit) ? cgroup.unit : std::string_view{};
    known.container_id = cgroup.container_id;
}

void ProcessScanner::read_io(ProcessSample& process, Known& known) {
    const auto file = proc_.read_record(PidPath(process.pid, "io").c_str());
    if (file) {
        const PidIo io = parse_pid_io(file.text);
        process.disk_read_bytes = io.read_bytes;
        process.disk_write_bytes = io.write_bytes;
    } else if (!has_ended(file.error)) {
        faults_.note("/proc/PID/io", file.error);
    }
    const std::uint64_t now = disk_bytes(process);
    const std::uint64_t before = std::exchange(known.disk_bytes, now);
    known.disk_growth = now > before ? now - before : 0;
}

std::optional<std::int32_t> ProcessScanner::count_fds(std::int32_t pid) {
    const PidPath path(pid, "fd");
    if (fd_count_is_size_) {
        struct stat status {};
        if (::fstatat(proc_.fd(), path.c_str(), &status, 0) == 0) {
            return static_cast<std::int32_t>(status.st_size);
        }
    } else if (const Directory directory = open_directory(proc_.fd(), path.c_str())) {
        std::int32_t count = 0;
        while (const dirent* entry = ::readdir(directory.get())) {
            if (entry->d_name[0] != '.') ++count;
        }
        return count;
    }
    if (!has_ended(errno)) faults_.note("/proc/PID/fd", errno);
    return std::nullopt;
}

}  // namespace chorus::agent
