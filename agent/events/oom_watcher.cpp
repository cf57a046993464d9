#include "agent/events/oom_watcher.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "agent/events/kmsg.h"
#include "agent/procfs/support/text_scan.h"

namespace chorus::agent {
namespace {

// The kernel's CONSOLE_EXT_LOG_MAX: no record is longer.
constexpr std::size_t kRecordBytes = 8'192;

// The log's clock starts at boot and stands still while the host is suspended, so only the distance
// to now is of use.
Timestamp wall_time(const KmsgRecord& record, Timestamp now, std::chrono::nanoseconds monotonic) {
    using std::chrono::duration_cast;
    using std::chrono::microseconds;
    const auto ago = duration_cast<microseconds>(monotonic) - record.time;
    const bool plausible = ago >= microseconds{0} && ago < std::chrono::hours{24};
    return plausible ? now - ago : now;
}

}  // namespace

OomWatcher::OomWatcher(const std::string& path, ReadFaults& faults) : faults_(faults) {
    if (path.empty()) return;
    log_ = FileDescriptor(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!log_) {
        faults_.note("/dev/kmsg", errno);
        return;
    }
    ::lseek(log_.get(), 0, SEEK_END);
    buffer_.resize(kRecordBytes);
}

std::vector<OomKill> OomWatcher::read(Timestamp now, std::chrono::nanoseconds monotonic) {
    std::vector<OomKill> kills;
    for (int records = 0; log_ && records < kMostRecords; ++records) {
        const ssize_t size = ::read(log_.get(), buffer_.data(), buffer_.size());
        if (size < 0 && errno == EPIPE) continue;  // overwritten before it was read
        if (size <= 0) {
            if (size < 0 && errno != EAGAIN) faults_.note("/dev/kmsg", errno);
            break;
        }
        std::string_view text(buffer_.data(), static_cast<std::size_t>(size));
        while (const auto line = next_line(text)) {
            const auto record = parse_kmsg_record(*line);
            if (!record) continue;
            const auto victim = parse_oom_victim(record->text);
            if (!victim) continue;
            kills.push_back({.time = wall_time(*record, now, monotonic),
                             .pid = victim->pid,
                             .comm = std::string{victim->comm},
                             .in_cgroup = victim->in_cgroup,
                             .anon_rss_bytes = victim->anon_rss_bytes});
        }
    }
    return kills;
}

}  // namespace chorus::agent
