#include "agent/process/process_clock.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <utility>

#include "agent/procfs/support/text_scan.h"

namespace chorus::agent {

// NSpid of proc_pid_status(5) lists the PIDs from the namespace of the mount inwards to that of the
// process: one alone means that both are the same.
bool has_process_clocks(Reader& proc) {
    struct statfs fs {};
    if (::fstatfs(proc.fd(), &fs) != 0 || fs.f_type != PROC_SUPER_MAGIC) return false;
    const auto file = proc.read("self/status");
    auto text = file.text;
    while (auto line = next_line(text)) {
        if (next_word(*line) != "NSpid:") continue;
        return !next_word(*line).empty() && next_word(*line).empty();
    }
    return false;
}

ProcessClock::ProcessClock(std::int32_t pid) {
    if (::clock_getcpuclockid(pid, &id_) != 0) id_ = CLOCK_REALTIME;
    has_run();
}

std::chrono::nanoseconds ProcessClock::time() const {
    timespec time{};
    if (id_ == CLOCK_REALTIME || ::clock_gettime(id_, &time) != 0) return kUnknown;
    return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

bool ProcessClock::has_run() {
    const auto now = time();
    return std::exchange(last_, now) != now || now == kUnknown;
}

bool ProcessClock::stands() const {
    const auto now = time();
    return now == last_ && now != kUnknown;
}

}  // namespace chorus::agent
