#include "agent/process/process_scanner.h"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "agent/process/fold.h"
#include "agent/process/rounding.h"
#include "agent/procfs/support/directory.h"
#include "agent/procfs/support/text_scan.h"
#include "common/batch/memory_share.h"

namespace chorus::agent {
namespace {

using std::chrono::nanoseconds;

constexpr std::chrono::milliseconds kReadDeadline{80};
constexpr std::uint64_t kYoungScans = 3;
constexpr std::uint64_t kFactScans = 16;

double cpu_share(std::uint64_t ticks, nanoseconds span, std::int64_t ticks_per_second) {
    return round_figure(100 * static_cast<double>(ticks) /
                        (static_cast<double>(ticks_per_second) * seconds_of(span)));
}

std::uint64_t cpu_ticks(const PidStat& stat) {
    return stat.user_ticks + stat.system_ticks;
}

}  // namespace

ProcessScanner::ProcessScanner(Reader& proc, ReadFaults& faults, UserNames users,
                               nanoseconds interval, ScanConstants constants, ScanOptions options,
                               DeadlineReader::ReadFile read_cmdline)
    : proc_(proc),
      faults_(faults),
      users_(std::move(users)),
      longest_gap_(3 * interval),
      constants_(constants),
      options_(std::move(options)),
      deadline_reader_(
          read_cmdline ? std::move(read_cmdline) : DeadlineReader::files_below(proc.root()),
          kReadDeadline),
      cmdlines_(deadline_reader_, faults, options_.cmdline),
      memory_(deadline_reader_, faults, proc.clock(), options_.pss_budget),
      threads_(proc, faults, options_.always, longest_gap_),
      files_(proc, faults),
      process_clocks_(has_process_clocks(proc)) {}

ProcessTable ProcessScanner::scan(std::optional<std::uint64_t> memory_total_bytes,
                                  std::optional<std::int64_t> cpu_count,
                                  std::optional<std::uint64_t> reclaim, ProcessTable table) {
    ++scan_;
    const auto pids = list_pids();
    memory_may_have_gone_ = !reclaim || reclaim != std::exchange(reclaim_, reclaim);
    table.other.reset();
    table.rows.reserve(pids.size());
    first_read_.reset();
    counts_ = {};
    look_for_delay_accounting();
    std::size_t rows = 0;
    for (const std::int32_t pid : pids) {
        if (rows == table.rows.size()) table.rows.emplace_back();
        ProcessSample& process = table.rows[rows];
        process = {};
        if (!read_process(pid, process)) continue;
        ++rows;
        ++counts_.processes;
        counts_.threads += process.num_threads.value_or(0);
        counts_.zombies += process.state == ProcessState::zombie;
        counts_.uninterruptible += process.state == ProcessState::disk_sleep;
        if (process.memory_rss_bytes && memory_total_bytes && *memory_total_bytes > 0) {
            process.memory_percent = round_figure(
                std::min(100.0, memory_share(*process.memory_rss_bytes, *memory_total_bytes, 100)));
        }
        if (process.cpu_percent && cpu_count) {
            // Ticks are counted late, but not as late as that: the counter jumped.
            const double most = 100 * static_cast<double>(*cpu_count);
            if (*process.cpu_percent > 2 * most) {
                process.cpu_percent.reset();
            } else {
                process.cpu_percent = std::min(*process.cpu_percent, most);
            }
        }
    }
    table.rows.resize(rows);
    table.scanned = static_cast<std::int64_t>(rows);
    read_cmdlines(table);
    drop_ended();
    last_scan_ = first_read_;
    attributed_ticks_ = attribution_.finish();
    add_children(table);
    fold_small_processes(
        table, std::min(options_.most, limits::kProcessesPerBatch), options_.always,
        [&](const ProcessSample& process) { return known_[process.pid].disk_growth; });
    if (table.rows.capacity() > 2 * table.rows.size()) table.rows.shrink_to_fit();
    memory_.fill(table.rows);
    threads_.fill(table.rows);
    return table;
}

// The names depend on it. The rows are in order of their PIDs.
void ProcessScanner::read_cmdlines(ProcessTable& table) {
    cmdlines_.read_wanted(known_, [&](std::int32_t pid, const KnownProcess& known) {
        const auto row = std::ranges::lower_bound(table.rows, pid, {}, &ProcessSample::pid);
        if (row == table.rows.end() || row->pid != pid) return;
        row->name = known.name;
        row->cmdline = known.cmdline;
    });
    for (const auto pid : started_) lifecycle_.started(known_.at(pid).life(pid));
    started_.clear();
}

// A scan that could read nothing tells of no end.
void ProcessScanner::drop_ended() {
    for (auto at = known_.begin(); at != known_.end();) {
        if (at->second.scan == scan_) {
            ++at;
            continue;
        }
        if (first_read_) lifecycle_.ended(at->second.life(at->first));
        at = known_.erase(at);
    }
}

void ProcessScanner::do_less() {
    constexpr std::size_t few = 500;
    options_.most = std::min(options_.most, few);
    cmdlines_.leave_out_arguments();
    memory_.stop();
    for (auto& [pid, known] : known_) known.cmdline = {};
}

std::optional<ProcessLife> ProcessScanner::last_seen(std::int32_t pid,
                                                     std::string_view comm) const {
    const auto at = known_.find(pid);
    if (at == known_.end() || at->second.comm != comm) return std::nullopt;
    return at->second.life(pid);
}

void ProcessScanner::add_children(ProcessTable& table) {
    for (ProcessSample& process : table.rows) {
        const auto known = known_.find(process.pid);
        if (known == known_.end() || !known->second.span) continue;
        process.children_cpu_percent = cpu_share(attribution_.inherited_ticks(process.pid),
                                                 *known->second.span, constants_.ticks_per_second);
    }
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

// Ticks of a process that was forked while the kernel did not count them stay 0: such a 0 is
// unknown.
void ProcessScanner::look_for_delay_accounting() {
    const auto file = proc_.read_record("sys/kernel/task_delayacct");
    if (!file || !file.text.starts_with('1')) {
        delays_counted_from_.reset();
    } else if (!delays_counted_from_) {
        delays_counted_from_ = file.at;
    }
}

bool ProcessScanner::read_process(std::int32_t pid, ProcessSample& process) {
    const auto known = known_.find(pid);
    // The clock first: what is done after it shows at the next scan.
    const bool ran = known == known_.end() || known->second.clock.has_run();
    if (!ran && stands_still(pid, known->second)) {
        PidStat stat = known->second.stat;
        stat.comm = known->second.comm;
        describe(stat, proc_.clock().since_boot(), ran, process);
        return true;
    }
    const auto file = proc_.read_record(PidPath(pid, "stat").c_str());
    if (!file) {
        if (!has_ended(file.error)) faults_.note("/proc/PID/stat", file.error);
        return false;
    }
    const auto stat = parse_pid_stat(file.text);
    // Another number than the directory's, as in a tree put together by hand, could be there twice.
    if (!stat || stat->pid != pid) {
        faults_.note("/proc/PID/stat", EINVAL);
        return false;
    }
    describe(*stat, file.at, ran, process);
    return true;
}

// Whether a process that did not run is what it was. Others can only take its memory or end its
// parent, but for rarities that are seen up to kFactScans scans late, as pgscan does not grow by
// them: it is given another nice value, a file that it maps is truncated, its small pages become a
// large one, swapoff brings its pages back, another process pages it out (MADV_PAGEOUT). Threads of
// the kernel have neither.
bool ProcessScanner::stands_still(std::int32_t pid, const KnownProcess& known) const {
    if (facts_are_due(pid, known)) return false;
    if (known.stat.kernel_thread) return true;
    return !memory_may_have_gone_ && has_its_parent(known.stat);
}

// A zombie has handed its children on, and a process that is younger than its child was given the
// PID of one that ended. A parent that the walk has not come to yet is what it was if it did not
// run, as none ends without running; the children of one that did are read.
bool ProcessScanner::has_its_parent(const PidStat& child) const {
    if (child.ppid == 0) return true;
    const auto at = known_.find(child.ppid);
    if (at == known_.end()) return false;
    const KnownProcess& parent = at->second;
    return parent.stat.start_ticks <= child.start_ticks && parent.stat.state != 'Z' &&
           parent.stat.state != 'X' && (parent.scan == scan_ || parent.clock.stands());
}

void ProcessScanner::describe(const PidStat& stat, nanoseconds at, bool ran,
                              ProcessSample& process) {
    if (!first_read_) first_read_ = at;
    attribution_.add(stat);
    process.pid = stat.pid;
    process.ppid = stat.ppid;
    process.start_ticks = stat.start_ticks;
    process.state = process_state_from_letter(stat.state);
    process.num_threads = stat.num_threads;
    process.nice = stat.nice;
    process.processor = stat.processor;
    if (stat.rss_pages <= std::numeric_limits<std::int64_t>::max() / constants_.page_bytes) {
        process.memory_rss_bytes = stat.rss_pages * constants_.page_bytes;
    }
    KnownProcess& known = recognise(stat, at, process);
    process.name = known.name;
    process.unit = known.unit;
    process.container_id = known.container_id;
    process.user = known.user;
    process.cmdline = known.cmdline;
    process.fd_limit = known.fd_limit;
    read_use(process, known, ran);
}

KnownProcess& ProcessScanner::recognise(const PidStat& stat, nanoseconds at,
                                        ProcessSample& process) {
    const auto [place, fresh] = known_.try_emplace(stat.pid);
    KnownProcess& known = place->second;
    const bool same = !fresh && known.stat.start_ticks == stat.start_ticks;
    if (!fresh && !same) lifecycle_.ended(known.life(stat.pid));
    if (!same) {
        known.stat = {};
        known.span = age_if_new(stat, at);
        known.clock = process_clocks_ ? ProcessClock(stat.pid) : ProcessClock{};
        known.disk_bytes = 0;
    } else {
        known.span = at - known.at <= longest_gap_ ? std::optional(at - known.at) : std::nullopt;
    }
    // Shares over less than a tick are noise.
    const nanoseconds tick{1'000'000'000 / constants_.ticks_per_second};
    if (known.span && *known.span < tick) known.span.reset();
    const PidStat& last = known.stat;
    if (known.span && cpu_ticks(stat) >= cpu_ticks(last)) {
        process.cpu_percent =
            cpu_share(cpu_ticks(stat) - cpu_ticks(last), *known.span, constants_.ticks_per_second);
    }
    if (known.span && stat.major_faults >= last.major_faults) {
        const auto faults = static_cast<double>(stat.major_faults - last.major_faults);
        process.major_faults_per_sec = round_figure(faults / seconds_of(*known.span));
    }
    const std::uint64_t waited = last.io_wait_ticks.value_or(0);
    if (known.span && io_wait_is_counted(stat) && *stat.io_wait_ticks >= waited) {
        process.io_wait_percent =
            cpu_share(*stat.io_wait_ticks - waited, *known.span, constants_.ticks_per_second);
    }
    known.stat = stat;
    known.stat.comm = {};
    known.at = at;
    known.scan = scan_;
    known.rss_bytes = process.memory_rss_bytes;
    // At an exec too: a service manager moves the process into its unit just before that.
    if (!same || known.comm != stat.comm) {
        known.comm = stat.comm;
        CmdlineReader::begin(known);
        known.since = scan_;
        const PidFiles::Cgroup cgroup = files_.cgroup(stat.pid);
        known.unit = cgroup.unit;
        known.container_id = cgroup.container_id;
    }
    cmdlines_.want(stat.pid, known);
    if (!same && last_scan_) started_.push_back(stat.pid);
    if (facts_are_due(stat.pid, known)) {
        if (const auto owner = files_.owner(stat.pid)) known.user = users_.name(*owner);
        known.fd_limit = files_.open_file_limit(stat.pid);
    }
    return known;
}

bool ProcessScanner::io_wait_is_counted(const PidStat& stat) const {
    if (!delays_counted_from_ || !stat.io_wait_ticks) return false;
    const nanoseconds tick{1'000'000'000 / constants_.ticks_per_second};
    return *stat.io_wait_ticks > 0 || stat.start_ticks * tick > *delays_counted_from_;
}

// Users and limits change in the first moments after a start, if they do; later ones are seen late
// rather than asked for at each scan. Spread over the scans by PID.
bool ProcessScanner::facts_are_due(std::int32_t pid, const KnownProcess& known) const {
    const bool young = scan_ - known.since < kYoungScans;
    return young || (scan_ + static_cast<std::uint64_t>(pid)) % kFactScans == 0;
}

// Of a process that started since the last scan: the mean of an old one tells of another time.
std::optional<nanoseconds> ProcessScanner::age_if_new(const PidStat& stat, nanoseconds at) const {
    if (!last_scan_ || at - *last_scan_ > longest_gap_) return std::nullopt;
    const nanoseconds start{stat.start_ticks * (1'000'000'000 / constants_.ticks_per_second)};
    const nanoseconds tick{1'000'000'000 / constants_.ticks_per_second};
    if (start + tick < *last_scan_ || start >= at) return std::nullopt;
    return at - start;
}

// Open files and bytes that reached the disk. A process that did not run since the last scan did
// nothing to either, which one system call tells in place of four; only one that shares its table
// of open files with another process (CLONE_FILES) is found out later.
void ProcessScanner::read_use(ProcessSample& process, KnownProcess& known, bool ran) {
    if (ran || facts_are_due(process.pid, known)) {
        known.fd_count = files_.open_files(process.pid);
        known.io = files_.io(process.pid);
    }
    process.fd_count = known.fd_count;
    process.disk_read_bytes = known.io.read_bytes;
    process.disk_write_bytes = known.io.write_bytes;
    const std::uint64_t now = disk_bytes(process);
    const std::uint64_t before = std::exchange(known.disk_bytes, now);
    known.disk_growth = now > before ? now - before : 0;
}

}  // namespace chorus::agent
