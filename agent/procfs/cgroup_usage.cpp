#include "agent/procfs/cgroup_usage.h"

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/procfs/named_values.h"
#include "agent/procfs/pressure.h"
#include "agent/procfs/support/text_scan.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

using Number = std::optional<std::uint64_t>;

Number read_number(Reader& sys, const std::string& path) {
    const auto file = sys.read_record(path.c_str());
    return file ? parse_number<std::uint64_t>(trim(file.text)) : std::nullopt;
}

template <std::size_t N>
std::array<Number, N> read_named(Reader& sys, const std::string& path,
                                 const std::array<ValueName, N>& names) {
    std::array<Number, N> values{};
    if (const auto file = sys.read(path)) parse_name_value_lines(file.text, names, values);
    return values;
}

Pressure read_pressure(Reader& sys, const std::string& path) {
    const auto file = sys.read_record(path.c_str());
    return file ? parse_pressure(file.text) : Pressure{};
}

void add_storage(BlockStack& stack, std::vector<DeviceBytes> devices, CgroupUsage& out) {
    const DeviceBytes sum = stack.sum(std::move(devices));
    out.read_bytes = sum.read;
    out.written_bytes = sum.written;
}

// "8:0 rbytes=1 wbytes=2 rios=3 ..." a device. A group that never did any I/O has an empty file.
void read_io_stat(Reader& sys, BlockStack& stack, const std::string& path, CgroupUsage& out) {
    const auto file = sys.read(path);
    if (!file) return;
    std::vector<DeviceBytes> devices;
    auto text = file.text;
    while (auto line = next_line(text)) {
        DeviceBytes device{.device = std::string(next_word(*line))};
        for (auto word = next_word(*line); !word.empty(); word = next_word(*line)) {
            const auto equals = word.find('=');
            const auto name = word.substr(0, equals);
            if (name != "rbytes" && name != "wbytes") continue;
            const auto bytes = parse_number<std::uint64_t>(word.substr(equals + 1)).value_or(0);
            (name == "rbytes" ? device.read : device.written) = bytes;
        }
        devices.push_back(std::move(device));
    }
    add_storage(stack, std::move(devices), out);
}

// "8:0 Read 4096" a device and kind, the last line is a total of all.
void read_service_bytes(Reader& sys, BlockStack& stack, const std::string& path, CgroupUsage& out) {
    const auto file = sys.read(path);
    if (!file) return;
    std::vector<DeviceBytes> devices;
    auto text = file.text;
    while (auto line = next_line(text)) {
        const auto device = next_word(*line);
        const auto kind = next_word(*line);
        if (kind != "Read" && kind != "Write") continue;
        if (devices.empty() || devices.back().device != device) {
            devices.push_back({.device = std::string(device)});
        }
        const auto bytes = next_number<std::uint64_t>(*line).value_or(0);
        (kind == "Read" ? devices.back().read : devices.back().written) = bytes;
    }
    add_storage(stack, std::move(devices), out);
}

}  // namespace

bool CgroupV2::is_mounted(const Reader& sys) {
    return sys.exists("fs/cgroup/cgroup.controllers");
}

CgroupUsage CgroupV2::read(const std::string& group) {
    const std::string path = root() + group;
    CgroupUsage out;
    constexpr std::array<ValueName, 3> cpu{
        {{"", "usage_usec"}, {"", "nr_periods"}, {"", "nr_throttled"}}};
    const auto cpu_stat = read_named(sys_, path + "/cpu.stat", cpu);
    out.cpu_us = cpu_stat[0];
    out.periods = cpu_stat[1];
    out.throttled = cpu_stat[2];
    out.memory = memory(group);
    constexpr std::array<ValueName, 1> inactive{{{"", "inactive_file"}}};
    if (out.memory) out.inactive_file = read_named(sys_, path + "/memory.stat", inactive)[0];
    constexpr std::array<ValueName, 1> kills{{{"", "oom_kill"}}};
    out.oom_kills = read_named(sys_, path + "/memory.events", kills)[0];
    out.memory_limit = memory_limit(group);
    read_io_stat(sys_, stack_, path + "/io.stat", out);
    out.pids = read_number(sys_, path + "/pids.current");
    out.cpu_some_us = read_pressure(sys_, path + "/cpu.pressure").some_us;
    out.memory_full_us = read_pressure(sys_, path + "/memory.pressure").full_us;
    out.io_full_us = read_pressure(sys_, path + "/io.pressure").full_us;
    return out;
}

std::optional<std::uint64_t> CgroupV2::memory(const std::string& group) {
    return read_number(sys_, root() + group + "/memory.current");
}

// "max" is no number: no limit.
std::optional<std::uint64_t> CgroupV2::memory_limit(const std::string& group) {
    return read_number(sys_, root() + group + "/memory.max");
}

bool CgroupV1::is_mounted(const Reader& sys) {
    return sys.exists("fs/cgroup/memory/memory.stat");
}

CgroupUsage CgroupV1::read(const std::string& group) {
    const std::string base = "fs/cgroup/";
    CgroupUsage out;
    constexpr std::uint64_t ns_per_us = 1'000;
    out.cpu_us = read_number(sys_, base + "cpuacct" + group + "/cpuacct.usage");
    if (out.cpu_us) *out.cpu_us /= ns_per_us;
    constexpr std::array<ValueName, 2> quota{{{"", "nr_periods"}, {"", "nr_throttled"}}};
    const auto cpu_stat = read_named(sys_, base + "cpu" + group + "/cpu.stat", quota);
    out.periods = cpu_stat[0];
    out.throttled = cpu_stat[1];
    const std::string directory = base + "memory" + group;
    out.memory = memory(group);
    constexpr std::array<ValueName, 1> inactive{{{"", "total_inactive_file"}}};
    if (out.memory) out.inactive_file = read_named(sys_, directory + "/memory.stat", inactive)[0];
    constexpr std::array<ValueName, 1> kills{{{"", "oom_kill"}}};
    out.oom_kills = read_named(sys_, directory + "/memory.oom_control", kills)[0];
    out.memory_limit = memory_limit(group);
    read_service_bytes(sys_, stack_, base + "blkio" + group + "/blkio.throttle.io_service_bytes",
                       out);
    out.pids = read_number(sys_, base + "pids" + group + "/pids.current");
    return out;
}

std::optional<std::uint64_t> CgroupV1::memory(const std::string& group) {
    return read_number(sys_, root() + group + "/memory.usage_in_bytes");
}

// No limit is written as the largest number of whole pages.
std::optional<std::uint64_t> CgroupV1::memory_limit(const std::string& group) {
    constexpr std::uint64_t unlimited = 1ULL << 60U;
    const auto limit = read_number(sys_, "fs/cgroup/memory" + group + "/memory.limit_in_bytes");
    return limit && *limit < unlimited ? limit : std::nullopt;
}

}  // namespace chorus::agent
