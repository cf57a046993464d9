#include "agent/collect/network/softnet_collector.h"

#include <array>
#include <cerrno>

#include "agent/procfs/softnet_stat.h"

namespace chorus::agent {
namespace {

constexpr std::array<RateSeries, 2> kSoftnetSeries{
    {{"network_softnet_drops_per_sec", "per_sec"},
     {"network_softnet_squeezed_per_sec", "per_sec"}}};

}  // namespace

SoftnetCollector::SoftnetCollector(Reader& proc, ReadFaults& faults,
                                   std::chrono::nanoseconds interval)
    : proc_(proc), faults_(faults), rates_(kSoftnetSeries, interval) {}

void SoftnetCollector::collect(MetricSink& out) {
    const auto file = proc_.read("net/softnet_stat");
    const auto stat = file ? parse_softnet_stat(file.text) : std::nullopt;
    if (!stat) {
        faults_.note("/proc/net/softnet_stat", file ? EINVAL : file.error);
        rates_.emit_unknown(out);
        return;
    }
    rates_.emit(file.at, std::array<Counter, 2>{stat->dropped, stat->squeezed}, out);
}

}  // namespace chorus::agent
