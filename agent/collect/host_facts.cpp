#include "agent/collect/host_facts.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <limits>

#include "agent/procfs/cpu_list.h"
#include "agent/procfs/cpuinfo.h"
#include "agent/procfs/meminfo.h"
#include "agent/procfs/os_release.h"
#include "agent/procfs/overlaid_files.h"
#include "agent/procfs/stat.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

std::string cut(std::string_view text) {
    return plain_name(text, limits::kLabelBytes);
}

// nullopt for what no clock and no aggregator knows: where the clock was set back to before the
// boot, kernels write the negative number as a huge one.
std::optional<Timestamp> boot_time(const std::optional<std::int64_t>& seconds) {
    constexpr std::int64_t year_10000 = 253'402'300'800;
    if (!seconds || *seconds < 0 || *seconds >= year_10000) return std::nullopt;
    return Timestamp{std::chrono::seconds{*seconds}};
}

std::string read_os(Reader& rootfs) {
    for (const char* path : {"etc/os-release", "usr/lib/os-release"}) {
        if (const auto file = rootfs.read(path)) return cut(parse_os_release(file.text));
    }
    return {};
}

// The processor's name, else that of the machine, which small boards have in their device tree.
std::string read_cpu_model(Reader& proc, Reader& sys) {
    CpuInfo info;
    if (const auto file = proc.read("cpuinfo")) info = parse_cpuinfo(file.text);
    if (!info.model.empty()) return cut(info.model);
    if (const auto file = sys.read("firmware/devicetree/base/model")) {
        const auto model = trim(file.text.substr(0, file.text.find('\0')));
        if (!model.empty()) return cut(model);
    }
    return cut(info.number);
}

}  // namespace

HostInfo read_host_info(Reader& proc, Reader& sys, Reader& rootfs) {
    HostInfo host;
    host.os = read_os(rootfs);
    utsname name{};
    if (::uname(&name) == 0) host.kernel = cut(name.release);
    host.cpu_model = read_cpu_model(proc, sys);
    if (const auto file = sys.read("devices/system/cpu/online")) {
        host.cpu_count = count_cpu_list(file.text);
        if (host.cpu_count > std::numeric_limits<std::int32_t>::max()) host.cpu_count.reset();
    }
    if (const auto file = proc.read("meminfo")) {
        const auto total = parse_meminfo(file.text).total;
        if (total && *total <= static_cast<std::uint64_t>(INT64_MAX)) {
            host.memory_total_bytes = static_cast<std::int64_t>(*total);
        }
    }
    if (const auto file = proc.read("stat")) {
        const Stat stat = parse_stat(file.text);
        host.boot_time = boot_time(stat.boot_time_seconds);
        const bool guest = OverlaidFiles(proc).contains("stat");
        if ((guest || !host.cpu_count) && !stat.cores.empty()) {
            host.cpu_count = static_cast<std::int64_t>(stat.cores.size());
        }
    }
    host.clock_ticks_per_second = ::sysconf(_SC_CLK_TCK);
    return host;
}

std::optional<Uuid> read_boot_id(Reader& proc) {
    const auto file = proc.read("sys/kernel/random/boot_id");
    return file ? Uuid::parse(trim(file.text)) : std::nullopt;
}

std::string system_hostname() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) return {};
    return name.data();
}

}  // namespace chorus::agent
