#include "agent/collect/batch_builder.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <utility>

#include "agent/collect/cgroup_collector.h"
#include "agent/collect/clock_collector.h"
#include "agent/collect/devices/device_collectors.h"
#include "agent/collect/devices/sensor_collector.h"
#include "agent/collect/host_facts.h"
#include "agent/collect/kernel_limits.h"
#include "agent/collect/load_collector.h"
#include "agent/collect/network/network_collector.h"
#include "agent/collect/network/protocol_collector.h"
#include "agent/collect/network/socket_collector.h"
#include "agent/collect/network/softnet_collector.h"
#include "agent/collect/network/tcp_state_collector.h"
#include "agent/collect/pressure_collector.h"
#include "agent/collect/storage/disk_collector.h"
#include "agent/collect/storage/filesystem_collector.h"
#include "agent/collect/support/throttled_collector.h"
#include "agent/collect/support/watched_collector.h"
#include "agent/collect/unit_collector.h"
#include "agent/events/host_events.h"
#include "common/log.h"

namespace chorus::agent {

using namespace std::chrono_literals;

namespace {

HostInfo read_host(Reader& proc, Reader& sys, const std::string& rootfs, const BootClock& clock) {
    Reader root(rootfs, clock);
    return read_host_info(proc, sys, root);
}

constexpr Logger kBatchBuilderLog{"collect"};
constexpr std::chrono::seconds kSensorDeadline{2};
constexpr std::size_t kMostKillsTold = 500;

std::optional<TcpStates> no_answer() {
    return std::nullopt;
}

// A tick more or less must not matter.
double attributed_percent(std::optional<std::uint64_t> host,
                          std::optional<std::uint64_t> processes) {
    constexpr std::uint64_t least_ticks = 30;
    if (!host || *host < least_ticks) return kNoValue;
    return share_percent(processes, host).value_or(kNoValue);
}

}  // namespace

BatchBuilder::BatchBuilder(const CollectSettings& settings, const Clock& clock,
                           const BootClock& boot_clock)
    : clock_(clock),
      boot_clock_(boot_clock),
      extended_(settings.extended),
      proc_(settings.procfs, boot_clock),
      sys_(settings.sysfs, boot_clock),
      host_(read_host(proc_, sys_, settings.rootfs, boot_clock)),
      boot_id_(read_boot_id(proc_).value_or(Uuid{})),
      cpu_(proc_, sys_, faults_, settings.interval, host_.clock_ticks_per_second),
      memory_(proc_, faults_),
      vmstat_(proc_, faults_, settings.interval, ::sysconf(_SC_PAGESIZE)),
      processes_(
          proc_, faults_, UserNames{}, settings.interval,
          {.ticks_per_second = host_.clock_ticks_per_second, .page_bytes = ::sysconf(_SC_PAGESIZE)},
          settings.processes),
      oom_(settings.kernel_log, faults_),
      process_counts_(proc_, faults_, processes_),
      self_(proc_, faults_, settings.interval,
            {.ticks_per_second = host_.clock_ticks_per_second,
             .page_bytes = ::sysconf(_SC_PAGESIZE)}) {
    others_.push_back(std::make_unique<LoadCollector>(proc_, faults_, cpu_));
    others_.push_back(std::make_unique<PressureCollector>(proc_, faults_, settings.interval));
    others_.push_back(std::make_unique<DiskCollector>(proc_, sys_, faults_, settings.interval));
    others_.push_back(std::make_unique<NetworkCollector>(proc_, sys_, faults_, settings.interval));
    others_.push_back(std::make_unique<ProtocolCollector>(proc_, faults_, settings.interval));
    others_.push_back(std::make_unique<SoftnetCollector>(proc_, faults_, settings.interval));
    others_.push_back(std::make_unique<SocketCollector>(proc_, faults_));
    others_.push_back(std::make_unique<KernelLimitsCollector>(proc_, faults_, settings.interval));
    others_.push_back(std::make_unique<ClockCollector>());
    const auto add_slow = [&](std::unique_ptr<Collector> slow, std::chrono::seconds period) {
        others_.push_back(
            std::make_unique<ThrottledCollector>(std::move(slow), period, boot_clock));
    };
    // The kernel tells of the machine it runs on; another root is a recorded one.
    const auto ask_tcp = settings.procfs == CollectSettings{}.procfs ? ask_tcp_states : no_answer;
    add_slow(std::make_unique<TcpStateCollector>(proc_, faults_, ask_tcp), 30s);
    add_slow(std::make_unique<FilesystemCollector>(proc_, faults_, settings.rootfs), 30s);
    add_slow(std::make_unique<WatchedCollector>(std::make_shared<SensorCollector>(settings.sysfs),
                                                kSensorDeadline),
             30s);
    add_slow(std::make_unique<RaidCollector>(sys_), 60s);
    add_slow(std::make_unique<BatteryCollector>(sys_), 60s);
    add_slow(std::make_unique<ThrottleCollector>(
                 sys_, boot_clock, std::max<std::chrono::nanoseconds>(settings.interval, 60s)),
             60s);
    others_.push_back(std::make_unique<EccCollector>(sys_));
    others_.push_back(
        std::make_unique<CgroupCollector>(proc_, sys_, boot_clock, settings.interval));
    if (!settings.system_bus.empty()) {
        others_.push_back(std::make_unique<UnitCollector>(
            [socket = settings.system_bus] { return ask_systemd(socket); }, faults_, boot_clock));
    }
}

// What goes wrong in one source must not cost the others.
void BatchBuilder::collect_alone(Collector& collector, MetricSink& out) {
    try {
        collector.collect(out);
    } catch (const std::exception& error) {
        if (failed_.insert(&collector).second) {
            kBatchBuilderLog.error("A collector failed", {{"error", error.what()}});
        }
    }
}

void BatchBuilder::collect_events(Batch& batch) {
    // Same moment by both clocks: the scan itself took a while.
    append_events(batch.events, processes_.take_changes(),
                  {.now = clock_.now(),
                   .since_boot = boot_clock_.since_boot(),
                   .ticks_per_second = host_.clock_ticks_per_second});
}

void BatchBuilder::collect(Batch& batch, AgentState state) {
    const auto start = clock_.steady();
    batch.time = clock_.now();
    batch.boot_id = boot_id_;
    MetricSink out(batch.layout, batch.values, extended_);
    cpu_.collect(out);
    memory_.collect(out);
    collect_alone(vmstat_, out);
    for (const auto& collector : others_) collect_alone(*collector, out);
    if (cpu_.cpu_count()) host_.cpu_count = cpu_.cpu_count();
    batch.host = host_;
    if (boot_id_ == Uuid{}) faults_.note("/proc/sys/kernel/random/boot_id", ENOENT);
    // Before the scan, which forgets those that were ended.
    batch.events.clear();
    for (const OomKill& kill : oom_.read(batch.time, start)) {
        if (batch.events.size() >= kMostKillsTold) break;
        append_event(batch.events, kill, processes_.last_seen(kill.pid, kill.comm));
    }
    batch.processes = processes_.scan(memory_.total_bytes(), cpu_.cpu_count(), vmstat_.reclaim(),
                                      std::exchange(batch.processes, {}).value_or(ProcessTable{}));
    collect_events(batch);
    // The agent is a process itself: none at all means that /proc could not be read.
    if (batch.processes->scanned == 0) batch.processes.reset();
    collect_alone(process_counts_, out);
    state.attributed_cpu_percent =
        attributed_percent(cpu_.busy_ticks(), processes_.attributed_ticks());
    self_.collect(batch.processes, clock_.steady() - start, state, out);
    omissions_.tell(batch.layout, batch.values, out);
    out.finish();
}

}  // namespace chorus::agent
