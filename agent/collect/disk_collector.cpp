#include "agent/collect/disk_collector.h"

namespace chorus::agent {
namespace {

// Where a driver counts requests as ended twice, fewer than none are in flight: 2^32 - 1.
constexpr std::uint64_t kNegative = 1ULL << 31U;

// `device` is empty for the host.
void emit_throughput(std::string_view device, const DiskRates& rates, MetricSink& out) {
    out.add("disk_read_bytes_per_sec", device, "bytes_per_sec", rates.read_bytes);
    out.add("disk_write_bytes_per_sec", device, "bytes_per_sec", rates.write_bytes);
    out.add("disk_discard_bytes_per_sec", device, "bytes_per_sec", rates.discard_bytes);
    out.add("disk_reads_per_sec", device, "per_sec", rates.reads);
    out.add("disk_writes_per_sec", device, "per_sec", rates.writes);
}

}  // namespace

void DiskCollector::collect(MetricSink& out) {
    std::vector<DiskStats> disks;
    std::optional<double> seconds;
    const auto file = proc_.read("diskstats");
    if (file) {
        seconds = gap_.step(file.at);
        disks = parse_diskstats(file.text);
        std::erase_if(disks, [&](const DiskStats& disk) {
            return is_memory_or_file(disk.name) || stack_.is_partition(disk.name);
        });
        if (disks.size() > kMaxDisks) disks.resize(kMaxDisks);
        devices_.clear();
        for (const DiskStats& disk : disks) devices_.emplace_back(disk.name);
    } else {
        faults_.note("/proc/diskstats", file.error);
        gap_.forget();
        // Their series stay, without values.
        for (const std::string& name : devices_) {
            disks.emplace_back();
            disks.back().name = name;
        }
    }
    const auto counted = stack_.counted(disks);
    emit_totals(disks, counted, static_cast<bool>(file), out);
    emit_devices(disks, counted, seconds, static_cast<bool>(file), out);
    stack_.forget_absent(disks);
}

void DiskCollector::emit_totals(const std::vector<DiskStats>& disks,
                                const std::vector<bool>& counted, bool known, MetricSink& out) {
    DiskCounters sum;
    for (std::size_t i = 0; i < disks.size(); ++i) {
        if (!counted[i]) continue;
        const DiskCounters& counters = disks[i].counters;
        sum.reads += counters.reads;
        sum.writes += counters.writes;
        sum.sectors_read += counters.sectors_read;
        sum.sectors_written += counters.sectors_written;
    }
    const auto value = [&](std::uint64_t n) {
        return known && !disks.empty() ? static_cast<double>(n) : kNoValue;
    };
    out.add("disk_read_bytes", "bytes", value(sum.sectors_read * kSectorBytes));
    out.add("disk_write_bytes", "bytes", value(sum.sectors_written * kSectorBytes));
    out.add("disk_read_count", "count", value(sum.reads));
    out.add("disk_write_count", "count", value(sum.writes));
}

void DiskCollector::emit_devices(const std::vector<DiskStats>& disks,
                                 const std::vector<bool>& counted, std::optional<double> seconds,
                                 bool known, MetricSink& out) {
    // A device whose rates are not known makes those of the host unknown: kNoValue spreads.
    DiskRates sum{.read_bytes = 0, .write_bytes = 0, .discard_bytes = 0, .reads = 0, .writes = 0};
    for (std::size_t i = 0; i < disks.size(); ++i) {
        const DiskStats& disk = disks[i];
        const auto before = previous_.exchange(disk.name, disk.counters);
        const auto rates =
            before && seconds ? disk_rates(*before, disk.counters, *seconds) : DiskRates{};
        emit_throughput(disk.name, rates, out);
        out.add("disk_busy_percent", disk.name, "percent", rates.busy_percent);
        out.add("disk_queue_avg", disk.name, "avg", rates.queue);
        out.add(
            "disk_inflight_count", disk.name, "count",
            known && disk.in_flight < kNegative ? static_cast<double>(disk.in_flight) : kNoValue);
        out.add("disk_read_await_ms", disk.name, "ms", rates.read_await_ms);
        out.add("disk_write_await_ms", disk.name, "ms", rates.write_await_ms);
        out.add("disk_flush_await_ms", disk.name, "ms", rates.flush_await_ms);
        if (!counted[i]) continue;
        sum.read_bytes += rates.read_bytes;
        sum.write_bytes += rates.write_bytes;
        sum.discard_bytes += rates.discard_bytes;
        sum.reads += rates.reads;
        sum.writes += rates.writes;
    }
    emit_throughput({}, disks.empty() ? DiskRates{} : sum, out);
    previous_.end_cycle();
}

}  // namespace chorus::agent
