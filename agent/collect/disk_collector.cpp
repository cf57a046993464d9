#include "agent/collect/disk_collector.h"

#include <algorithm>

namespace chorus::agent {
namespace {

bool is_memory_or_file(std::string_view name) {
    return name.starts_with("loop") || name.starts_with("ram") || name.starts_with("zram");
}

// `device` is empty for the host.
void emit_throughput(std::string_view device, const DiskRates& rates, MetricSink& out) {
    out.add("disk_read_bytes_per_sec", device, "bytes_per_sec", rates.read_bytes);
    out.add("disk_write_bytes_per_sec", device, "bytes_per_sec", rates.write_bytes);
    out.add("disk_discard_bytes_per_sec", device, "bytes_per_sec", rates.discard_bytes);
    out.add("disk_reads_per_sec", device, "per_sec", rates.reads);
    out.add("disk_writes_per_sec", device, "per_sec", rates.writes);
}

}  // namespace

DiskCollector::Kind DiskCollector::kind_of(std::string_view name) {
    if (const auto known = kinds_.find(name); known != kinds_.end()) return known->second;
    std::string path = "block/" + std::string(name);
    std::replace(path.begin() + 6, path.end(), '/', '!');  // sysfs has "cciss!c0d0"
    Kind kind = Kind::partition;
    if (sys_.exists(path)) kind = sys_.exists(path + "/device") ? Kind::hardware : Kind::stacked;
    kinds_.emplace(name, kind);
    return kind;
}

void DiskCollector::collect(MetricSink& out) {
    std::vector<DiskStats> disks;
    std::optional<double> seconds;
    const auto file = proc_.read("diskstats");
    if (file) {
        seconds = gap_.step(file.at);
        disks = parse_diskstats(file.text);
        std::erase_if(disks, [&](const DiskStats& disk) {
            return is_memory_or_file(disk.name) || kind_of(disk.name) == Kind::partition;
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
    emit_totals(disks, static_cast<bool>(file), out);
    emit_devices(disks, seconds, static_cast<bool>(file), out);
    forget_absent(disks);
}

// Some virtual disks show no hardware: then all whole devices are summed up.
DiskCollector::Kind DiskCollector::kind_of_totals(const std::vector<DiskStats>& disks) {
    const bool any = std::any_of(disks.begin(), disks.end(), [&](const DiskStats& disk) {
        return kind_of(disk.name) == Kind::hardware;
    });
    return any ? Kind::hardware : Kind::stacked;
}

void DiskCollector::emit_totals(const std::vector<DiskStats>& disks, bool known, MetricSink& out) {
    DiskCounters sum;
    const Kind wanted = kind_of_totals(disks);
    for (const DiskStats& disk : disks) {
        if (kind_of(disk.name) != wanted) continue;
        sum.reads += disk.counters.reads;
        sum.writes += disk.counters.writes;
        sum.sectors_read += disk.counters.sectors_read;
        sum.sectors_written += disk.counters.sectors_written;
    }
    const auto value = [&](std::uint64_t n) {
        return known && !disks.empty() ? static_cast<double>(n) : kNoValue;
    };
    out.add("disk_read_bytes", "bytes", value(sum.sectors_read * kSectorBytes));
    out.add("disk_write_bytes", "bytes", value(sum.sectors_written * kSectorBytes));
    out.add("disk_read_count", "count", value(sum.reads));
    out.add("disk_write_count", "count", value(sum.writes));
}

void DiskCollector::emit_devices(const std::vector<DiskStats>& disks, std::optional<double> seconds,
                                 bool known, MetricSink& out) {
    // A device whose rates are not known makes those of the host unknown: kNoValue spreads.
    DiskRates sum{.read_bytes = 0, .write_bytes = 0, .discard_bytes = 0, .reads = 0, .writes = 0};
    const Kind wanted = kind_of_totals(disks);
    for (const DiskStats& disk : disks) {
        const auto before = previous_.exchange(disk.name, disk.counters);
        const auto rates =
            before && seconds ? disk_rates(*before, disk.counters, *seconds) : DiskRates{};
        emit_throughput(disk.name, rates, out);
        out.add("disk_busy_percent", disk.name, "percent", rates.busy_percent);
        out.add("disk_queue_avg", disk.name, "avg", rates.queue);
        out.add("disk_inflight_count", disk.name, "count",
                known ? static_cast<double>(disk.in_flight) : kNoValue);
        out.add("disk_read_await_ms", disk.name, "ms", rates.read_await_ms);
        out.add("disk_write_await_ms", disk.name, "ms", rates.write_await_ms);
        out.add("disk_flush_await_ms", disk.name, "ms", rates.flush_await_ms);
        if (kind_of(disk.name) != wanted) continue;
        sum.read_bytes += rates.read_bytes;
        sum.write_bytes += rates.write_bytes;
        sum.discard_bytes += rates.discard_bytes;
        sum.reads += rates.reads;
        sum.writes += rates.writes;
    }
    emit_throughput({}, disks.empty() ? DiskRates{} : sum, out);
    previous_.end_cycle();
}

// A name may come back as another device; and partitions are many.
void DiskCollector::forget_absent(const std::vector<DiskStats>& disks) {
    constexpr std::size_t most = 1'024;
    if (kinds_.size() > most) kinds_.clear();
    std::erase_if(kinds_, [&](const auto& entry) {
        return entry.second != Kind::partition &&
               std::none_of(disks.begin(), disks.end(),
                            [&](const DiskStats& disk) { return disk.name == entry.first; });
    });
}

}  // namespace chorus::agent
