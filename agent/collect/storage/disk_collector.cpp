#include "agent/collect/storage/disk_collector.h"

#include <algorithm>

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

void emit_device(std::string_view device, const DiskRates& rates, double in_flight,
                 MetricSink& out) {
    emit_throughput(device, rates, out);
    out.add("disk_busy_percent", device, "percent", rates.busy_percent);
    out.add("disk_queue_avg", device, "avg", rates.queue);
    out.add("disk_inflight_count", device, "count", in_flight);
    out.add("disk_read_await_ms", device, "ms", rates.read_await_ms);
    out.add("disk_write_await_ms", device, "ms", rates.write_await_ms);
    out.add("disk_flush_await_ms", device, "ms", rates.flush_await_ms);
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
    const auto told = choose_told(
        disks.size(), kMaxDisks, [&](std::size_t i) { return stack_.has_hardware(disks[i].name); });
    out.left_out("disks", disks.size() - std::min(disks.size(), kMaxDisks));
    emit_devices(disks, {counted, told}, seconds, static_cast<bool>(file), out);
    if (file) keep_names(disks, told);
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

void DiskCollector::emit_devices(const std::vector<DiskStats>& disks, const Choice& choice,
                                 std::optional<double> seconds, bool known, MetricSink& out) {
    // A device whose rates are not known makes those of the host unknown: kNoValue spreads.
    DiskRates sum{.read_bytes = 0, .write_bytes = 0, .discard_bytes = 0, .reads = 0, .writes = 0};
    for (std::size_t i = 0; i < disks.size(); ++i) {
        const DiskStats& disk = disks[i];
        const auto before = previous_.exchange(disk.name, disk.counters);
        const auto rates =
            before && seconds ? disk_rates(*before, disk.counters, *seconds) : DiskRates{};
        if (choice.told[i]) {
            const bool plausible = known && disk.in_flight < kNegative;
            emit_device(disk.name, rates,
                        plausible ? static_cast<double>(disk.in_flight) : kNoValue, out);
        }
        if (!choice.counted[i]) continue;
        sum.read_bytes += rates.read_bytes;
        sum.write_bytes += rates.write_bytes;
        sum.discard_bytes += rates.discard_bytes;
        sum.reads += rates.reads;
        sum.writes += rates.writes;
    }
    emit_throughput({}, disks.empty() ? DiskRates{} : sum, out);
    previous_.end_cycle();
}

// Of those that are told, for a cycle in which the file cannot be read.
void DiskCollector::keep_names(const std::vector<DiskStats>& disks, const std::vector<bool>& told) {
    devices_.clear();
    for (std::size_t i = 0; i < disks.size(); ++i) {
        if (told[i]) devices_.emplace_back(disks[i].name);
    }
}

}  // namespace chorus::agent
