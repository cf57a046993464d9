#include "agent/collect/disk_collector.h"

#include <algorithm>

namespace chorus::agent {
namespace {

constexpr std::uint64_t kSectorBytes = 512;

bool is_memory_or_file(std::string_view name) {
    return name.starts_with("loop") || name.starts_with("ram") || name.starts_with("zram");
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
    for (const DiskStats& disk : disks) emit_device(disk, seconds, out);
    previous_.end_cycle();
    forget_absent(disks);
}

void DiskCollector::emit_totals(const std::vector<DiskStats>& disks, bool known, MetricSink& out) {
    DiskStats sum;
    bool any = false;
    const auto add = [&](Kind wanted) {
        for (const DiskStats& disk : disks) {
            if (kind_of(disk.name) != wanted) continue;
            any = true;
            sum.reads += disk.reads;
            sum.writes += disk.writes;
            sum.sectors_read += disk.sectors_read;
            sum.sectors_written += disk.sectors_written;
        }
    };
    add(Kind::hardware);
    if (!any) add(Kind::stacked);  // some virtual disks show no hardware
    const auto value = [&](std::uint64_t n) {
        return known && any ? static_cast<double>(n) : kNoValue;
    };
    out.add("disk_read_bytes", "bytes", value(sum.sectors_read * kSectorBytes));
    out.add("disk_write_bytes", "bytes", value(sum.sectors_written * kSectorBytes));
    out.add("disk_read_count", "count", value(sum.reads));
    out.add("disk_write_count", "count", value(sum.writes));
}

void DiskCollector::emit_device(const DiskStats& disk, std::optional<double> seconds,
                                MetricSink& out) {
    const Counters now{disk.reads, disk.sectors_read, disk.writes, disk.sectors_written,
                       disk.busy_ms};
    const auto before = previous_.exchange(disk.name, now);
    const bool back = before && (now.reads < before->reads || now.writes < before->writes ||
                                 now.sectors_read < before->sectors_read ||
                                 now.sectors_written < before->sectors_written);
    if (!before || back) seconds.reset();
    const Counters from = before.value_or(now);
    const auto rate = [&](std::uint64_t Counters::*field, std::uint64_t unit) {
        return seconds ? per_second(from.*field * unit, now.*field * unit, seconds) : kNoValue;
    };
    double busy = kNoValue;
    if (seconds) {
        const std::uint32_t busy_ms = now.busy_ms - from.busy_ms;  // right across the wrap
        busy = std::min(100.0, 100.0 * busy_ms / (*seconds * 1000));
    }
    out.add("disk_read_bytes_per_sec", disk.name, "bytes_per_sec",
            rate(&Counters::sectors_read, kSectorBytes));
    out.add("disk_write_bytes_per_sec", disk.name, "bytes_per_sec",
            rate(&Counters::sectors_written, kSectorBytes));
    out.add("disk_reads_per_sec", disk.name, "per_sec", rate(&Counters::reads, 1));
    out.add("disk_writes_per_sec", disk.name, "per_sec", rate(&Counters::writes, 1));
    out.add("disk_busy_percent", disk.name, "percent", busy);
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
