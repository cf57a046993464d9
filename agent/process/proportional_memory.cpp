#include "agent/process/proportional_memory.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <string>

#include "agent/procfs/pid/smaps_rollup.h"

namespace chorus::agent {
namespace {

using std::chrono::nanoseconds;

// A resident set that changed by this share is worth a look before half of the lifetime is over.
constexpr double kChange = 0.125;
constexpr double kUnknownFirst = 1e6;

}  // namespace

ProportionalMemory::ProportionalMemory(DeadlineReader& reader, ReadFaults& faults,
                                       const BootClock& clock, nanoseconds budget)
    : reader_(reader), faults_(faults), clock_(clock), budget_(budget) {}

void ProportionalMemory::fill(std::vector<ProcessSample>& rows) {
    if (budget_ <= nanoseconds{0}) return;
    ++scan_;
    allowance_ = std::min(allowance_ + budget_, budget_);
    auto order = candidates(rows);
    std::sort(order.begin(), order.end(), [](const Candidate& a, const Candidate& b) {
        return a.urgency != b.urgency ? a.urgency > b.urgency : a.pid < b.pid;
    });
    for (const Candidate& candidate : order) {
        if (allowance_ <= nanoseconds{0}) break;
        const auto start = clock_.since_boot();
        const bool go_on = read(candidate);
        allowance_ -= clock_.since_boot() - start;
        if (!go_on) break;
    }
    std::erase_if(known_, [&](const auto& entry) { return entry.second.scan != scan_; });
    const auto now = clock_.since_boot();
    for (ProcessSample& row : rows) {
        const auto at = known_.find(row.pid);
        if (at == known_.end() || !at->second.tried) continue;
        if (now - *at->second.tried > kLifetime) continue;
        row.memory_pss_bytes = at->second.pss;
        row.memory_swap_bytes = at->second.swap;
    }
}

void ProportionalMemory::stop() {
    budget_ = nanoseconds{0};
    known_ = {};
}

std::vector<ProportionalMemory::Candidate> ProportionalMemory::candidates(
    const std::vector<ProcessSample>& rows) {
    const auto now = clock_.since_boot();
    std::vector<Candidate> due;
    for (const ProcessSample& row : rows) {
        const std::int64_t rss = row.memory_rss_bytes.value_or(0);
        if (rss == 0) continue;  // a kernel thread or a zombie
        KnownPss& known = known_[row.pid];
        if (known.start_ticks != row.start_ticks) known = {};
        known.start_ticks = row.start_ticks;
        known.scan = scan_;
        const auto size = static_cast<double>(rss);
        if (!known.tried) {
            due.push_back({row.pid, rss, kUnknownFirst * size, &known});
            continue;
        }
        const double age = std::chrono::duration<double>(now - *known.tried) / kLifetime;
        const double change = std::abs(size - static_cast<double>(known.rss));
        // Who may not be looked at is asked again when what is known would have grown old.
        const bool is_due = age > 0.5 || (known.pss && change > kChange * size);
        if (is_due) due.push_back({row.pid, rss, change + size * age, &known});
    }
    return due;
}

// False if reading has to stop for this scan.
bool ProportionalMemory::read(const Candidate& candidate) {
    KnownPss& known = *candidate.known;
    const auto now = clock_.since_boot();
    const auto file = reader_.read(std::to_string(candidate.pid) + "/smaps_rollup");
    if (file.error == EBUSY) {  // another one hangs, and this one was not asked for
        faults_.note("/proc/PID/smaps_rollup", file.error);
        return false;
    }
    known.tried = now;
    known.rss = candidate.rss;
    known.pss.reset();
    known.swap.reset();
    if (file.error == 0) {
        const SmapsRollup rollup = parse_smaps_rollup(file.text);
        known.pss = rollup.pss;
        known.swap = rollup.swap_pss;
        return true;
    }
    const bool ended = file.error == ENOENT || file.error == ESRCH;
    if (!ended) faults_.note("/proc/PID/smaps_rollup", file.error);
    return file.error != ETIMEDOUT && file.error != EAGAIN;
}

}  // namespace chorus::agent
