// One collection of one host: what an agent sends and an aggregator stores.
// The JSON form of it is in batch_json.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/timestamp.h"
#include "common/uuid.h"

namespace chorus {

// Bounds that both sides keep; the aggregator refuses what is above them.
namespace limits {
inline constexpr std::size_t kSeriesPerBatch = 5'000;
inline constexpr std::size_t kProcessesPerBatch = 10'000;
inline constexpr std::size_t kEventsPerBatch = 1'000;
inline constexpr std::size_t kServiceChecksPerBatch = 500;
inline constexpr std::size_t kServiceNameBytes = 100;  // of a service that an agent checks
inline constexpr std::size_t kServiceUrlBytes = 2'000;
inline constexpr std::size_t kServiceErrorBytes = 1'000;
inline constexpr std::chrono::hours kServiceCheckAge{24};
// A batch cannot be collected after it was sent; more than a slewing clock explains is a fault.
inline constexpr std::chrono::minutes kFutureTolerance{10};
inline constexpr std::size_t kHostnameBytes = 255;
inline constexpr std::size_t kMetricTypeBytes = 100;
inline constexpr std::size_t kLabelBytes = 255;
inline constexpr std::size_t kUnitBytes = 32;
inline constexpr std::size_t kProcessNameBytes = 255;
// Of a process. One with thousands of threads passes 100 percent of one core, but no machine has
// 10,000.
inline constexpr double kCpuPercent = 1e6;
inline constexpr double kPerSecond = 1e12;
inline constexpr std::int32_t kLeastNice = -20, kMostNice = 19;  // sched(7)
inline constexpr std::int32_t kMostProcessor = 32'767;           // NR_CPUS is at most 8,192
inline constexpr std::size_t kTextBytes = 4'096;
inline constexpr std::size_t kBodyBytes = 8U << 20U;  // as sent; inflated see compress.h
}  // namespace limits

inline constexpr int kProtocolVersion = 1;  // header X-Chorus-Protocol

struct AgentInfo {
    Uuid id;
    std::string version;
    double interval_seconds = 30;
};

// What seldom changes about a host; every member may be unknown.
struct HostInfo {
    std::string os;         // PRETTY_NAME of os-release(5)
    std::string kernel;     // release of uname(2)
    std::string cpu_model;  // /proc/cpuinfo
    std::optional<std::int64_t> cpu_count;
    std::optional<std::int64_t> memory_total_bytes;
    std::optional<Timestamp> boot_time;  // btime of /proc/stat
    std::int64_t clock_ticks_per_second = 100;
};

// Which quantity a value is. Label names the instance ("/var", "eth0"), empty for the whole host.
struct SeriesKey {
    std::string metric_type;
    std::string label;
    std::string unit;
    bool operator==(const SeriesKey&) const = default;
};

// proc_pid_stat(5) field 3, in psutil's words.
enum class ProcessState : char {
    running = 'R',
    sleeping = 'S',
    disk_sleep = 'D',
    stopped = 'T',
    tracing_stop = 't',
    zombie = 'Z',
    dead = 'X',
    idle = 'I',
    parked = 'P',
    waking = 'W',
};
// "running", "disk-sleep", ...
std::string_view to_string(ProcessState state);
std::optional<ProcessState> process_state_from_name(std::string_view name);
std::optional<ProcessState> process_state_from_letter(char letter);

// One process at one moment. Identity is (host, boot_id, pid, start_ticks).
struct ProcessSample {
    std::int32_t pid = 0;
    std::int64_t start_ticks = 0;  // since boot, in clock ticks
    std::string name;
    std::optional<std::int32_t> ppid;
    std::optional<ProcessState> state;
    std::string user;  // empty = unknown
    std::optional<std::int32_t> num_threads;
    std::optional<double> cpu_percent;           // of one core
    std::optional<double> children_cpu_percent;  // of its children that ended, of one core
    std::optional<std::int64_t> memory_rss_bytes;
    std::optional<double> memory_percent;           // of the host's memory, 0–100
    std::optional<std::int64_t> memory_pss_bytes;   // shared pages in proportion
    std::optional<std::int64_t> memory_swap_bytes;  // in proportion too
    std::optional<double> major_faults_per_sec;
    std::optional<std::int32_t> nice;       // -20 to 19
    std::optional<std::int32_t> processor;  // it ran on last
    std::optional<double> io_wait_percent;  // share of time it waited for a disk
    // Sums over its threads.
    std::optional<double> cpu_wait_percent;  // for a CPU while it could run
    std::optional<double> voluntary_switches_per_sec, involuntary_switches_per_sec;
    std::optional<std::int64_t> disk_read_bytes;   // since the process started
    std::optional<std::int64_t> disk_write_bytes;  // since the process started
    std::optional<std::int32_t> fd_count;
    std::optional<std::int32_t> fd_limit;  // soft limit of open files
    std::string unit;                      // systemd unit, empty = none or unknown
    std::string container_id;              // empty = none or unknown
    std::string cmdline;                   // redacted by the agent, empty = not sent
};

// Processes that were not sent one by one.
struct ProcessRemainder {
    std::int64_t count = 0;
    std::optional<double> cpu_percent;
    std::optional<std::int64_t> memory_rss_bytes;
};

struct ProcessTable {
    std::vector<ProcessSample> rows;
    std::int64_t scanned = 0;
    std::optional<ProcessRemainder> other;
};

struct Event {
    std::string type;  // "oom_kill", ...
    Timestamp time;
    std::string detail_json = "{}";  // a JSON object
};

enum class ServiceStatus : std::int32_t { healthy = 0, unhealthy = 1, timeout = 2 };
std::string_view to_string(ServiceStatus status);
std::optional<ServiceStatus> service_status_from_name(std::string_view name);

// What one check of a service found that the agent was told to check.
struct AgentServiceCheck {
    std::string name;      // among the services of the host; see is_service_name()
    std::string endpoint;  // the URL without user, password and query
    ServiceStatus status = ServiceStatus::unhealthy;
    // When the check ended, as time before the batch's. By a clock that nobody sets: the host's may
    // have been set between the two.
    std::chrono::milliseconds age{0};
    double interval_seconds = 60;                    // between two checks of this service
    std::optional<std::int32_t> response_time_ms{};  // nullopt: it did not answer
    std::string error{};                             // empty = none
};

struct Batch {
    AgentInfo agent;
    Uuid epoch;            // new whenever the agent's counter starts anew
    std::int64_t seq = 0;  // with agent and epoch the key of the batch
    std::string hostname;
    Uuid boot_id;
    Timestamp time;     // when it was collected, by the host's clock
    Timestamp sent_at;  // when it was sent, by the host's clock; differs from send to send
    HostInfo host;
    std::vector<SeriesKey> layout;
    std::vector<double> values;  // as long as layout; NaN = could not be read
    std::optional<ProcessTable> processes;
    std::vector<Event> events;
    std::vector<AgentServiceCheck> services;  // checks since the last batch
    std::uint64_t set_aside =
        0;  // hash of what was received and is not in here as it was; 0 = none
};

}  // namespace chorus
