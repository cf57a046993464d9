// Processes that alert rules look at, with their figures from the hosts' process tables.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/alert_store/rule_samples.h"
#include "aggregator/postgres/session.h"

namespace chorus::store {

struct WantedProcess {
    std::int64_t process_ref = 0;
    std::int32_t host_id = 0;
    std::int32_t pid = 0;
    std::string name;
    std::string unit;
    std::optional<Timestamp> started_at;
};

// Processes whose name is one of `names` or fits one of `globs`, seen on that day or later. Of one
// host, or of all.
std::vector<WantedProcess> read_wanted_processes(Session& session,
                                                 const std::vector<std::string>& names,
                                                 const std::vector<std::string>& globs,
                                                 std::chrono::sys_days since,
                                                 std::optional<std::int32_t> only_host);

// Figures of a process, in this order; NaN is unknown.
enum class ProcessFigure { cpu, rss_mb, memory_percent, read_bytes, write_bytes, threads, fds };
inline constexpr std::size_t kProcessFigures = 7;

struct ProcessSample {
    std::size_t snapshot = 0;  // index into ProcessRows::snapshots
    std::int64_t process_ref = 0;
    std::array<double, kProcessFigures> figures{};
};
struct ProcessSnapshotTime {
    std::int32_t host_id = 0;
    Timestamp time{};  // the host's own
    Timestamp received{};
};
struct ProcessRows {
    std::vector<ProcessSnapshotTime> snapshots;  // in order of receipt
    std::vector<ProcessSample> samples;
};
// Every process table within the scope, with the figures of the given processes.
ProcessRows read_process_samples(Session& session, const SampleScope& scope,
                                 const std::vector<WantedProcess>& wanted);

}  // namespace chorus::store
