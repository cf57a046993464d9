#include "common/batch/catalogue.h"

#include <algorithm>
#include <array>

namespace chorus {
namespace {

constexpr auto kSum = Aggregation::sum;
constexpr auto kAverage = Aggregation::average;
constexpr auto kMaximum = Aggregation::maximum;
constexpr auto kLast = Aggregation::last;

// Columns: metric_type, unit, label name, source, formula, meaning, aggregation. Sorted by name;
// d(x) is the growth of x between two reads, dt the seconds between them.
// clang-format off
constexpr std::array kCatalogue{
    MetricInfo{"agent_attributed_cpu_percent", "percent", "", "/proc/PID/stat, /proc/stat", "100 * ticks of processes and of their ended children / d(user + nice + system); unknown while the CPUs are less than 5 % busy", "How much of the host's CPU time the process table explains.", kAverage},
    MetricInfo{"agent_clock_skew_ms", "ms", "", "the aggregator's answer", "server_time - sent_at - latency / 2", "How far the aggregator's clock is ahead of the host's.", kLast},
    MetricInfo{"agent_collect_duration_ms", "ms", "", "clock_gettime(2)", "end - start of a collection", "How long the agent took for one collection.", kMaximum},
    MetricInfo{"agent_cpu_percent", "percent", "", "/proc/self/stat", "100 * d(utime + stime) / (HZ * dt)", "CPU the agent itself used, 100 = one core.", kAverage},
    MetricInfo{"agent_dropped_samples_count", "count", "", "agent", "batches dropped since start", "Batches the agent had to drop because its queue was full or they were refused.", kLast},
    MetricInfo{"agent_left_out_count", "count", "source", "agent", "instances above the bound of their source; series above the bound of a batch", "Interfaces, disks, mounts, control groups and the like that the agent does not tell one by one, because there are too many.", kLast},
    MetricInfo{"agent_processes_scanned_count", "count", "", "/proc", "numeric directories", "Processes the agent looked at.", kLast},
    MetricInfo{"agent_processes_sent_count", "count", "", "agent", "rows of the batch", "Processes the agent sent one by one.", kLast},
    MetricInfo{"agent_push_latency_ms", "ms", "", "clock_gettime(2)", "end - start of the last stored request", "How long the aggregator took to store a batch.", kMaximum},
    MetricInfo{"agent_read_errors_count", "count", "errno", "agent", "failed reads in this collection", "Files of /proc or sysfs that could not be read, by reason.", kSum},
    MetricInfo{"agent_relabelled_series_count", "count", "", "agent", "series whose label was changed", "Series whose label was given twice, too long or not printable, and was changed so that it is unique.", kLast},
    MetricInfo{"agent_rss_bytes", "bytes", "", "/proc/self/statm", "resident pages * page size", "Resident memory of the agent itself.", kMaximum},
    MetricInfo{"agent_spool_batches_count", "count", "", "agent", "batches that wait", "Batches that wait for the aggregator.", kMaximum},
    MetricInfo{"agent_spool_bytes", "bytes", "", "agent", "bytes on disk and in memory", "Space taken by batches that wait.", kMaximum},
    MetricInfo{"agent_spool_oldest_seconds", "seconds", "", "agent", "now - time of the oldest batch; 0 if none waits", "Age of the batch that waits longest.", kMaximum},
    MetricInfo{"battery_charge_percent", "percent", "battery", "/sys/class/power_supply/*/capacity, else energy_now or charge_now", "as is, else 100 * now / full", "Charge of a battery.", kLast},
    MetricInfo{"cgroup_cpu_throttled_percent", "percent", "unit", "cpu.stat nr_throttled, nr_periods", "100 * d(nr_throttled) / d(nr_periods); none without a quota", "Share of periods in which it was held back by its CPU quota.", kAverage},
    MetricInfo{"cgroup_cpu_usage_percent", "percent", "unit", "cpu.stat usage_usec, cpuacct.usage", "100 * d(us) / (dt * 1e6)", "CPU a service or container used, 100 = one core.", kAverage},
    MetricInfo{"cgroup_io_read_bytes_per_sec", "bytes_per_sec", "unit", "io.stat rbytes, blkio.throttle.io_service_bytes", "d(bytes) / dt; a volume and the disks below it count once", "Data it read from disks.", kAverage},
    MetricInfo{"cgroup_io_write_bytes_per_sec", "bytes_per_sec", "unit", "io.stat wbytes, blkio.throttle.io_service_bytes", "d(bytes) / dt; a volume and the disks below it count once", "Data it wrote to disks.", kAverage},
    MetricInfo{"cgroup_memory_bytes", "bytes", "unit", "memory.current, memory.usage_in_bytes", "as is", "Memory of a service or container, page cache included.", kLast},
    MetricInfo{"cgroup_memory_limit_percent", "percent", "unit", "memory.current, memory.max", "100 * current / smallest limit up the tree; none without a limit", "Memory, of what it may use.", kMaximum},
    MetricInfo{"cgroup_memory_working_set_bytes", "bytes", "unit", "memory.current, memory.stat inactive_file", "current - inactive_file", "Memory it cannot easily do without.", kLast},
    MetricInfo{"cgroup_oom_kills_count", "count", "unit", "memory.events oom_kill, memory.oom_control oom_kill", "growth since the last sample", "Processes of it the kernel killed for want of memory.", kSum},
    MetricInfo{"cgroup_pids_count", "count", "unit", "pids.current", "as is", "Processes and threads of it.", kMaximum},
    MetricInfo{"cgroup_pressure_cpu_some_percent", "percent", "unit", "cpu.pressure some total", "100 * d(us) / (dt * 1e6)", "Share of time some of its tasks waited for a CPU.", kAverage},
    MetricInfo{"cgroup_pressure_io_full_percent", "percent", "unit", "io.pressure full total", "100 * d(us) / (dt * 1e6)", "Share of time all of its tasks waited for disks.", kAverage},
    MetricInfo{"cgroup_pressure_memory_full_percent", "percent", "unit", "memory.pressure full total", "100 * d(us) / (dt * 1e6)", "Share of time all of its tasks waited for memory.", kAverage},
    MetricInfo{"cpu_context_switches_per_sec", "per_sec", "", "/proc/stat ctxt", "d / dt", "Switches from one task to another.", kAverage},
    MetricInfo{"cpu_core_max_percent", "percent", "", "/proc/stat cpuN", "max of cpu_core_usage_percent", "How busy the busiest core was.", kMaximum},
    MetricInfo{"cpu_core_usage_percent", "percent", "cpu", "/proc/stat cpuN", "100 * (T - d(idle) - d(iowait)) / T of that core", "Share of time one core was busy.", kAverage},
    MetricInfo{"cpu_count", "count", "", "/sys/devices/system/cpu/online", "cores in the list", "Cores that are online.", kLast},
    MetricInfo{"cpu_frequency_mhz", "mhz", "", "cpufreq/scaling_cur_freq or /proc/cpuinfo", "mean over the cores", "Current clock rate; absent where the machine does not tell it.", kAverage},
    MetricInfo{"cpu_guest_percent", "percent", "", "/proc/stat cpu", "100 * d(guest + guest_nice) / T", "Share of time in virtual machines; only on hosts that run some.", kAverage},
    MetricInfo{"cpu_idle_percent", "percent", "", "/proc/stat cpu", "100 * d(idle) / T", "Share of time with nothing to do.", kAverage},
    MetricInfo{"cpu_interrupts_per_sec", "per_sec", "", "/proc/stat intr", "d / dt", "Interrupts handled.", kAverage},
    MetricInfo{"cpu_iowait_percent", "percent", "", "/proc/stat cpu", "100 * d(iowait) / T", "Share of time idle while a disk was waited for.", kAverage},
    MetricInfo{"cpu_irq_percent", "percent", "", "/proc/stat cpu", "100 * d(irq) / T", "Share of time in hardware interrupts.", kAverage},
    MetricInfo{"cpu_nice_percent", "percent", "", "/proc/stat cpu", "100 * (d(nice) - d(guest_nice)) / T", "Share of time in programs of low priority.", kAverage},
    MetricInfo{"cpu_softirq_percent", "percent", "", "/proc/stat cpu", "100 * d(softirq) / T", "Share of time in deferred interrupt work, mostly network.", kAverage},
    MetricInfo{"cpu_softirqs_per_sec", "per_sec", "", "/proc/stat softirq", "d / dt", "Deferred interrupt work done.", kAverage},
    MetricInfo{"cpu_steal_percent", "percent", "", "/proc/stat cpu", "100 * d(steal) / T", "Share of time the hypervisor gave to others.", kAverage},
    MetricInfo{"cpu_system_percent", "percent", "", "/proc/stat cpu", "100 * d(system) / T", "Share of time in the kernel.", kAverage},
    MetricInfo{"cpu_throttle_events_per_sec", "per_sec", "", "/sys/devices/system/cpu/cpu*/thermal_throttle", "d(sum over cores and packages) / dt", "How often processors slowed down for heat.", kAverage},
    MetricInfo{"cpu_usage_percent", "percent", "", "/proc/stat cpu", "100 * (T - d(idle) - d(iowait)) / T, T = d(user + nice + system + idle + iowait + irq + softirq + steal)", "Share of time all cores together were busy.", kAverage},
    MetricInfo{"cpu_user_percent", "percent", "", "/proc/stat cpu", "100 * (d(user) - d(guest)) / T", "Share of time in programs.", kAverage},
    MetricInfo{"disk_busy_percent", "percent", "device", "/proc/diskstats field 10", "min(100, 100 * d(ms) / (1000 * dt))", "Share of time the device had work; not saturation on parallel devices.", kMaximum},
    MetricInfo{"disk_discard_bytes_per_sec", "bytes_per_sec", "device", "/proc/diskstats field 14", "d(sectors) * 512 / dt; without a label the sum over devices with hardware, each request once", "Discarded (trimmed) space.", kSum},
    MetricInfo{"disk_flush_await_ms", "ms", "device", "/proc/diskstats fields 17, 16", "d(ms) / d(flushes); none without a flush", "How long a flush took.", kAverage},
    MetricInfo{"disk_free_gb", "gb", "", "statvfs(3) of /", "bavail * frsize / 1024^3", "Space of the root file system that users may still fill.", kLast},
    MetricInfo{"disk_inflight_count", "count", "device", "/proc/diskstats field 9", "as is", "Requests in flight now.", kMaximum},
    MetricInfo{"disk_queue_avg", "avg", "device", "/proc/diskstats field 11", "d(ms) / (1000 * dt)", "Requests in flight, on average.", kAverage},
    MetricInfo{"disk_read_await_ms", "ms", "device", "/proc/diskstats fields 4, 1", "d(ms) / d(reads); none without a read", "How long a read took, waiting included.", kAverage},
    MetricInfo{"disk_read_bytes", "bytes", "", "/proc/diskstats field 3", "sum over whole devices of sectors * 512", "Bytes read from disks since boot.", kLast},
    MetricInfo{"disk_read_bytes_per_sec", "bytes_per_sec", "device", "/proc/diskstats field 3", "d(sectors) * 512 / dt; without a label the sum over devices with hardware, each request once", "Read throughput of a device.", kSum},
    MetricInfo{"disk_read_count", "count", "", "/proc/diskstats field 1", "sum over whole devices", "Reads completed since boot.", kLast},
    MetricInfo{"disk_reads_per_sec", "per_sec", "device", "/proc/diskstats field 1", "d(reads) / dt; without a label the sum over devices with hardware, each request once", "Reads completed per second.", kSum},
    MetricInfo{"disk_total_gb", "gb", "", "statvfs(3) of /", "blocks * frsize / 1024^3", "Size of the root file system.", kLast},
    MetricInfo{"disk_usage_percent", "percent", "mountpoint", "statvfs(3)", "of / without a label: 100 * used / total; of each mount: 100 * used / (used + available), as df shows; none of what cannot be written to", "How full a file system is.", kMaximum},
    MetricInfo{"disk_used_gb", "gb", "", "statvfs(3) of /", "(blocks - bfree) * frsize / 1024^3", "Space of the root file system in use.", kLast},
    MetricInfo{"disk_write_await_ms", "ms", "device", "/proc/diskstats fields 8, 5", "d(ms) / d(writes); none without a write", "How long a write took, waiting included.", kAverage},
    MetricInfo{"disk_write_bytes", "bytes", "", "/proc/diskstats field 7", "sum over whole devices of sectors * 512", "Bytes written to disks since boot.", kLast},
    MetricInfo{"disk_write_bytes_per_sec", "bytes_per_sec", "device", "/proc/diskstats field 7", "d(sectors) * 512 / dt; without a label the sum over devices with hardware, each request once", "Write throughput of a device.", kSum},
    MetricInfo{"disk_write_count", "count", "", "/proc/diskstats field 5", "sum over whole devices", "Writes completed since boot.", kLast},
    MetricInfo{"disk_writes_per_sec", "per_sec", "device", "/proc/diskstats field 5", "d(writes) / dt; without a label the sum over devices with hardware, each request once", "Writes completed per second.", kSum},
    MetricInfo{"filesystem_avail_bytes", "bytes", "mountpoint", "statvfs(3)", "bavail * frsize; no series of what cannot be written to", "Space that users may still fill.", kLast},
    MetricInfo{"filesystem_inodes_free_count", "count", "mountpoint", "statvfs(3)", "ffree; none where inodes are not counted or nothing can be written", "Files that can still be made.", kLast},
    MetricInfo{"filesystem_inodes_usage_percent", "percent", "mountpoint", "statvfs(3)", "100 * (files - ffree) / files; no series of what cannot be written to", "How many of the file system's inodes are used.", kMaximum},
    MetricInfo{"filesystem_readonly", "bool", "mountpoint", "/proc/1/mountinfo", "1 if the mount or its file system is ro", "Whether nothing can be written.", kLast},
    MetricInfo{"filesystem_stuck", "bool", "mountpoint", "statvfs(3)", "1 if it did not answer in time", "Whether a file system hangs.", kLast},
    MetricInfo{"filesystem_total_bytes", "bytes", "mountpoint", "statvfs(3)", "blocks * frsize", "Size of a file system.", kLast},
    MetricInfo{"filesystem_used_bytes", "bytes", "mountpoint", "statvfs(3)", "(blocks - bfree) * frsize", "Space of a file system in use.", kLast},
    MetricInfo{"load_avg_15min", "avg", "", "/proc/loadavg", "third number", "Tasks running or waiting, damped over 15 minutes.", kAverage},
    MetricInfo{"load_avg_1min", "avg", "", "/proc/loadavg", "first number", "Tasks running or waiting, damped over one minute.", kAverage},
    MetricInfo{"load_avg_5min", "avg", "", "/proc/loadavg", "second number", "Tasks running or waiting, damped over 5 minutes.", kAverage},
    MetricInfo{"load_per_cpu_1m", "avg", "", "/proc/loadavg", "load_avg_1min / cpu_count", "Load for each core; above 1 tasks wait.", kAverage},
    MetricInfo{"memory_anon_bytes", "bytes", "", "/proc/meminfo AnonPages", "kB * 1024", "Memory of programs that is in no file.", kLast},
    MetricInfo{"memory_available_mb", "mb", "", "/proc/meminfo MemAvailable", "kB / 1024", "Memory that programs can get without swapping.", kLast},
    MetricInfo{"memory_buffers_bytes", "bytes", "", "/proc/meminfo Buffers", "kB * 1024", "Cache of block devices and metadata.", kLast},
    MetricInfo{"memory_cached_bytes", "bytes", "", "/proc/meminfo", "(Cached + SReclaimable - Shmem) * 1024", "Cache of files and what else can be dropped.", kLast},
    MetricInfo{"memory_commit_percent", "percent", "", "/proc/meminfo", "100 * Committed_AS / CommitLimit", "Memory promised to programs, of what the kernel would promise without overcommit.", kLast},
    MetricInfo{"memory_direct_reclaim_per_sec", "per_sec", "", "/proc/vmstat pgscan_direct", "d(pages) / dt", "Pages looked at by programs that had to free memory themselves: memory is too tight now.", kAverage},
    MetricInfo{"memory_dirty_bytes", "bytes", "", "/proc/meminfo", "(Dirty + Writeback) * 1024", "Data waiting to be written to disk.", kLast},
    MetricInfo{"memory_ecc_correctable_count", "count", "controller", "/sys/devices/system/edac/mc/mc*/ce_count", "growth since the last sample", "Memory errors that were corrected.", kSum},
    MetricInfo{"memory_ecc_uncorrectable_count", "count", "controller", "/sys/devices/system/edac/mc/mc*/ue_count", "growth since the last sample", "Memory errors that could not be corrected.", kSum},
    MetricInfo{"memory_free_bytes", "bytes", "", "/proc/meminfo MemFree", "kB * 1024", "Memory nobody uses.", kLast},
    MetricInfo{"memory_hugepages_used_percent", "percent", "", "/proc/meminfo", "100 * (HugePages_Total - HugePages_Free) / HugePages_Total", "Share of the reserved huge pages in use.", kLast},
    MetricInfo{"memory_major_faults_per_sec", "per_sec", "", "/proc/vmstat pgmajfault", "d(pgmajfault) / dt", "Page faults that had to wait for a disk.", kAverage},
    MetricInfo{"memory_oom_kills_count", "count", "", "/proc/vmstat oom_kill", "growth since the last sample", "Processes the kernel killed for want of memory.", kSum},
    MetricInfo{"memory_page_faults_per_sec", "per_sec", "", "/proc/vmstat pgfault", "d(pgfault) / dt", "Page faults, minor and major.", kAverage},
    MetricInfo{"memory_page_in_bytes_per_sec", "bytes_per_sec", "", "/proc/vmstat pgpgin", "d(KiB) * 1024 / dt", "Data read from disks into memory.", kAverage},
    MetricInfo{"memory_page_out_bytes_per_sec", "bytes_per_sec", "", "/proc/vmstat pgpgout", "d(KiB) * 1024 / dt", "Data written from memory to disks.", kAverage},
    MetricInfo{"memory_shared_bytes", "bytes", "", "/proc/meminfo Shmem", "kB * 1024", "Shared memory and tmpfs.", kLast},
    MetricInfo{"memory_slab_reclaimable_bytes", "bytes", "", "/proc/meminfo SReclaimable", "kB * 1024", "Kernel objects that can be dropped.", kLast},
    MetricInfo{"memory_slab_unreclaimable_bytes", "bytes", "", "/proc/meminfo SUnreclaim", "kB * 1024", "Kernel objects that cannot be dropped.", kLast},
    MetricInfo{"memory_total_mb", "mb", "", "/proc/meminfo MemTotal", "kB / 1024", "Memory the kernel can use.", kLast},
    MetricInfo{"memory_usage_percent", "percent", "", "/proc/meminfo", "100 * (total - available) / total", "Share of memory that is not available.", kAverage},
    MetricInfo{"memory_used_mb", "mb", "", "/proc/meminfo", "total - available", "Memory that is not available.", kLast},
    MetricInfo{"memory_zfs_arc_bytes", "bytes", "", "/proc/spl/kstat/zfs/arcstats size", "as is", "Cache of ZFS; counted as available down to its minimum.", kLast},
    MetricInfo{"network_bytes_recv", "bytes", "", "/proc/net/dev", "sum over interfaces without lo and parts of another one with hardware", "Bytes received since boot.", kLast},
    MetricInfo{"network_bytes_sent", "bytes", "", "/proc/net/dev", "sum over interfaces without lo and parts of another one with hardware", "Bytes sent since boot.", kLast},
    MetricInfo{"network_conntrack_usage_percent", "percent", "", "/proc/sys/net/netfilter/nf_conntrack_count, nf_conntrack_max", "100 * count / max", "Tracked connections, of what the kernel allows; at 100 new ones are dropped.", kMaximum},
    MetricInfo{"network_link_up", "bool", "interface", "/sys/class/net/X/operstate", "1 if up, or unknown with carrier", "Whether a network link is there.", kLast},
    MetricInfo{"network_packets_recv", "count", "", "/proc/net/dev", "sum over interfaces without lo and parts of another one with hardware", "Packets received since boot.", kLast},
    MetricInfo{"network_packets_sent", "count", "", "/proc/net/dev", "sum over interfaces without lo and parts of another one with hardware", "Packets sent since boot.", kLast},
    MetricInfo{"network_receive_bytes_per_sec", "bytes_per_sec", "interface", "/proc/net/dev", "d(bytes) / dt; without a label the sum over interfaces with hardware, each packet once", "Receive throughput of an interface.", kSum},
    MetricInfo{"network_receive_drops_per_sec", "per_sec", "interface", "/proc/net/dev", "d(drop) / dt; without a label the sum over interfaces with hardware, each packet once", "Received packets thrown away.", kSum},
    MetricInfo{"network_receive_errors_per_sec", "per_sec", "interface", "/proc/net/dev", "d(errs) / dt; without a label the sum over interfaces with hardware, each packet once", "Received packets that were damaged.", kSum},
    MetricInfo{"network_receive_packets_per_sec", "per_sec", "interface", "/proc/net/dev", "d(packets) / dt; without a label the sum over interfaces with hardware, each packet once", "Packets received per second.", kSum},
    MetricInfo{"network_softnet_drops_per_sec", "per_sec", "", "/proc/net/softnet_stat column 2", "d(sum over CPUs) / dt", "Received packets dropped because the kernel's backlog was full.", kAverage},
    MetricInfo{"network_softnet_squeezed_per_sec", "per_sec", "", "/proc/net/softnet_stat column 3", "d(sum over CPUs) / dt", "Times the kernel ran out of its budget with packets left.", kAverage},
    MetricInfo{"network_speed_mbps", "mbps", "interface", "/sys/class/net/X/speed", "as is; none while the link is down", "Speed of the link in Mbit/s.", kLast},
    MetricInfo{"network_transmit_bytes_per_sec", "bytes_per_sec", "interface", "/proc/net/dev", "d(bytes) / dt; without a label the sum over interfaces with hardware, each packet once", "Send throughput of an interface.", kSum},
    MetricInfo{"network_transmit_drops_per_sec", "per_sec", "interface", "/proc/net/dev", "d(drop) / dt; without a label the sum over interfaces with hardware, each packet once", "Packets thrown away before they were sent.", kSum},
    MetricInfo{"network_transmit_errors_per_sec", "per_sec", "interface", "/proc/net/dev", "d(errs) / dt; without a label the sum over interfaces with hardware, each packet once", "Packets that could not be sent.", kSum},
    MetricInfo{"network_transmit_packets_per_sec", "per_sec", "interface", "/proc/net/dev", "d(packets) / dt; without a label the sum over interfaces with hardware, each packet once", "Packets sent per second.", kSum},
    MetricInfo{"network_usage_percent", "percent", "interface", "/proc/net/dev, /sys/class/net/X/speed", "100 * 8 * max(received, sent) / (speed * 1e6); half duplex: received + sent", "How full the link is.", kMaximum},
    MetricInfo{"pressure_cpu_some_percent", "percent", "", "/proc/pressure/cpu some total", "100 * d(us) / (dt * 1e6)", "Share of time some task waited for a CPU.", kAverage},
    MetricInfo{"pressure_io_full_percent", "percent", "", "/proc/pressure/io full total", "100 * d(us) / (dt * 1e6)", "Share of time all tasks waited for disks.", kAverage},
    MetricInfo{"pressure_io_some_percent", "percent", "", "/proc/pressure/io some total", "100 * d(us) / (dt * 1e6)", "Share of time some task waited for a disk.", kAverage},
    MetricInfo{"pressure_irq_full_percent", "percent", "", "/proc/pressure/irq full total", "100 * d(us) / (dt * 1e6)", "Share of time all tasks waited for interrupts to be handled.", kAverage},
    MetricInfo{"pressure_memory_full_percent", "percent", "", "/proc/pressure/memory full total", "100 * d(us) / (dt * 1e6)", "Share of time all tasks waited for memory.", kAverage},
    MetricInfo{"pressure_memory_some_percent", "percent", "", "/proc/pressure/memory some total", "100 * d(us) / (dt * 1e6)", "Share of time some task waited for memory.", kAverage},
    MetricInfo{"raid_degraded_count", "count", "array", "/sys/block/*/md/degraded", "as is; none while the array is inactive", "Disks that are missing in a software RAID.", kMaximum},
    MetricInfo{"raid_failed", "bool", "array", "/sys/block/*/md/array_state", "1 if it is broken or inactive", "Whether a software RAID serves nothing.", kMaximum},
    MetricInfo{"sensor_fan_rpm", "rpm", "sensor", "/sys/class/hwmon/*/fanN_input", "as is; none with fanN_fault or without a signal", "Speed of a fan; 0 if it stands still.", kAverage},
    MetricInfo{"sensor_power_watts", "watts", "sensor", "/sys/class/hwmon/*/powerN_average, else powerN_input", "microwatts / 1e6", "Power a part of the machine takes.", kAverage},
    MetricInfo{"sensor_temperature_celsius", "celsius", "sensor", "/sys/class/hwmon/*/tempN_input, and thermal_zone*/temp where no chip tells it", "millidegrees / 1000; none with tempN_fault or if nothing can be that cold or hot", "Temperature of a sensor.", kMaximum},
    MetricInfo{"sensor_temperature_headroom_celsius", "celsius", "sensor", "/sys/class/hwmon/*/tempN_crit, else tempN_max", "limit - temperature; no series where neither is a limit", "How far a sensor is from its limit.", kAverage},
    MetricInfo{"sensor_voltage_volts", "volts", "sensor", "/sys/class/hwmon/*/inN_input", "millivolts / 1000", "A voltage.", kAverage},
    MetricInfo{"sockets_used_count", "count", "", "/proc/net/sockstat sockets used", "as is", "Sockets in use, of all kinds.", kLast},
    MetricInfo{"swap_cached_bytes", "bytes", "", "/proc/meminfo SwapCached", "kB * 1024", "Swapped memory that is in memory as well.", kLast},
    MetricInfo{"swap_in_bytes_per_sec", "bytes_per_sec", "", "/proc/vmstat pswpin", "d(pages) * page size / dt", "Memory read back from swap.", kAverage},
    MetricInfo{"swap_out_bytes_per_sec", "bytes_per_sec", "", "/proc/vmstat pswpout", "d(pages) * page size / dt", "Memory written to swap.", kAverage},
    MetricInfo{"swap_total_mb", "mb", "", "/proc/meminfo SwapTotal", "kB / 1024", "Size of the swap space.", kLast},
    MetricInfo{"swap_usage_percent", "percent", "", "/proc/meminfo", "100 * (total - free) / total; 0 without swap", "Share of the swap space in use.", kAverage},
    MetricInfo{"swap_used_mb", "mb", "", "/proc/meminfo", "(SwapTotal - SwapFree) / 1024", "Swap space in use.", kLast},
    MetricInfo{"system_boot_time_seconds", "seconds", "", "/proc/stat btime", "as is", "When the host was booted, in seconds since 1970.", kLast},
    MetricInfo{"system_clock_offset_ms", "ms", "", "adjtimex(2)", "offset", "What the kernel still has to correct.", kLast},
    MetricInfo{"system_clock_synced", "bool", "", "adjtimex(2)", "1 unless STA_UNSYNC", "Whether the clock is kept in step with a time server.", kLast},
    MetricInfo{"system_fd_usage_percent", "percent", "", "/proc/sys/fs/file-nr", "100 * first / third", "Open files, of what the kernel allows.", kMaximum},
    MetricInfo{"system_fd_used_count", "count", "", "/proc/sys/fs/file-nr", "first number", "Open files of the host.", kLast},
    MetricInfo{"system_forks_per_sec", "per_sec", "", "/proc/stat processes", "d / dt", "Processes and threads started.", kAverage},
    MetricInfo{"system_hung_tasks_count", "count", "", "/proc/sys/kernel/hung_task_detect_count", "growth since the last sample", "Tasks found to hang in the kernel.", kSum},
    MetricInfo{"system_pid_usage_percent", "percent", "", "/proc/sys/kernel/pid_max, threads-max", "100 * threads / min(pid_max, threads-max)", "Threads, of what the kernel allows.", kMaximum},
    MetricInfo{"system_processes_count", "count", "", "/proc", "numeric directories", "Processes.", kLast},
    MetricInfo{"system_procs_blocked_count", "count", "", "/proc/stat procs_blocked", "as is", "Tasks that wait for a disk.", kAverage},
    MetricInfo{"system_procs_running_count", "count", "", "/proc/stat procs_running", "as is", "Tasks that run or wait for a CPU.", kAverage},
    MetricInfo{"system_threads_count", "count", "", "/proc/PID/stat num_threads", "sum", "Threads of all processes.", kLast},
    MetricInfo{"system_uninterruptible_count", "count", "", "/proc/PID/stat state", "processes in state D", "Processes that wait for a device and cannot be killed.", kMaximum},
    MetricInfo{"system_units_failed_count", "count", "", "systemd over D-Bus, ListUnits", "units whose ActiveState is failed", "Units of systemd that have failed.", kAverage},
    MetricInfo{"system_zombies_count", "count", "", "/proc/PID/stat state", "processes in state Z", "Processes that ended and were not waited for.", kMaximum},
    MetricInfo{"tcp_active_opens_per_sec", "per_sec", "", "/proc/net/snmp Tcp ActiveOpens", "d / dt", "Connections this host began to open.", kAverage},
    MetricInfo{"tcp_attempt_fails_per_sec", "per_sec", "", "/proc/net/snmp Tcp AttemptFails", "d / dt", "Connections that failed while they were opened.", kAverage},
    MetricInfo{"tcp_close_wait_count", "count", "", "sock_diag(7) or /proc/net/tcp, tcp6", "state 08", "Connections the peer closed and the program did not.", kLast},
    MetricInfo{"tcp_established_count", "count", "", "sock_diag(7) or /proc/net/tcp, tcp6", "state 01", "Open connections.", kLast},
    MetricInfo{"tcp_listen_count", "count", "", "sock_diag(7) or /proc/net/tcp, tcp6", "state 0A", "Sockets that wait for connections.", kLast},
    MetricInfo{"tcp_listen_drops_per_sec", "per_sec", "", "/proc/net/netstat TcpExt ListenDrops", "d / dt", "Connections dropped while they were opened, for any reason.", kAverage},
    MetricInfo{"tcp_listen_overflows_per_sec", "per_sec", "", "/proc/net/netstat TcpExt ListenOverflows", "d / dt", "Connections dropped because a program did not accept fast enough.", kAverage},
    MetricInfo{"tcp_memory_usage_percent", "percent", "", "/proc/net/sockstat TCP mem, /proc/sys/net/ipv4/tcp_mem", "100 * pages / limit", "Memory of TCP buffers, of what the kernel allows.", kMaximum},
    MetricInfo{"tcp_orphan_count", "count", "", "/proc/net/sockstat TCP orphan", "as is", "Connections that belong to no process any more.", kLast},
    MetricInfo{"tcp_passive_opens_per_sec", "per_sec", "", "/proc/net/snmp Tcp PassiveOpens", "d / dt", "Connections others began to open to this host.", kAverage},
    MetricInfo{"tcp_resets_sent_per_sec", "per_sec", "", "/proc/net/snmp Tcp OutRsts", "d / dt", "Segments with RST sent.", kAverage},
    MetricInfo{"tcp_retransmit_percent", "percent", "", "/proc/net/snmp Tcp RetransSegs, OutSegs", "100 * d(RetransSegs) / d(OutSegs); none below 100 segments", "Share of sent segments that were sent again.", kMaximum},
    MetricInfo{"tcp_retransmits_per_sec", "per_sec", "", "/proc/net/snmp Tcp RetransSegs", "d / dt", "Segments sent again.", kAverage},
    MetricInfo{"tcp_syn_recv_count", "count", "", "sock_diag(7) or /proc/net/tcp, tcp6", "state 03", "Connections half open.", kLast},
    MetricInfo{"tcp_syncookies_sent_per_sec", "per_sec", "", "/proc/net/netstat TcpExt SyncookiesSent", "d / dt", "SYN cookies sent: the queue of half-open connections is full.", kAverage},
    MetricInfo{"tcp_time_wait_count", "count", "", "sock_diag(7) or /proc/net/tcp, tcp6", "state 06", "Closed connections that wait for late segments.", kLast},
    MetricInfo{"udp_rcvbuf_errors_per_sec", "per_sec", "", "/proc/net/snmp Udp RcvbufErrors", "d / dt", "Datagrams dropped because the receiver's buffer was full.", kAverage},
    MetricInfo{"udp_receive_errors_per_sec", "per_sec", "", "/proc/net/snmp Udp InErrors", "d / dt", "Datagrams that could not be delivered.", kAverage},
    MetricInfo{"unit_active", "bool", "unit", "systemd over D-Bus, ListUnits", "1 if ActiveState is active or reloading", "Whether a service runs; services that have run since the agent started.", kAverage},
    MetricInfo{"unit_failed", "bool", "unit", "systemd over D-Bus, ListUnits", "1 if ActiveState is failed", "Whether a unit has failed; units that failed since the agent started.", kAverage},
    MetricInfo{"unit_restarts_count", "count", "unit", "systemd over D-Bus, NRestarts", "growth since the last sample", "Restarts of a service by systemd after it failed.", kSum},
    MetricInfo{"uptime_seconds", "seconds", "", "/proc/uptime", "first number", "Time since the host was booted.", kLast},
};
// clang-format on

constexpr bool by_name(const MetricInfo& a, const MetricInfo& b) {
    return a.metric_type < b.metric_type;
}
static_assert(std::is_sorted(kCatalogue.begin(), kCatalogue.end(), by_name));

}  // namespace

std::string_view to_string(Aggregation aggregation) {
    switch (aggregation) {
        case Aggregation::sum:
            return "sum";
        case Aggregation::average:
            return "avg";
        case Aggregation::maximum:
            return "max";
        case Aggregation::last:
            return "last";
    }
    return "";
}

std::span<const MetricInfo> metric_catalogue() {
    return kCatalogue;
}

const MetricInfo* find_metric(std::string_view metric_type) {
    const auto found = std::lower_bound(
        kCatalogue.begin(), kCatalogue.end(), metric_type,
        [](const MetricInfo& m, std::string_view name) { return m.metric_type < name; });
    return found != kCatalogue.end() && found->metric_type == metric_type ? &*found : nullptr;
}

}  // namespace chorus
