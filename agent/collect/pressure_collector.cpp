#include "agent/collect/pressure_collector.h"

#include <cerrno>

#include "agent/procfs/pressure.h"

namespace chorus::agent {
namespace {

constexpr double kPercentOfMicroseconds = 100.0 / 1e6;

constexpr RateSeries share(std::string_view metric_type) {
    return {metric_type, "percent", kPercentOfMicroseconds, true, 100};
}

}  // namespace

// "full" of the CPU is always 0 for a whole host: psi.rst.
const std::array<PressureCollector::Resource, 4> PressureCollector::kResources{
    {{"pressure/cpu", {share("pressure_cpu_some_percent"), share("")}, true, false},
     {"pressure/memory",
      {share("pressure_memory_some_percent"), share("pressure_memory_full_percent")},
      true,
      true},
     {"pressure/io",
      {share("pressure_io_some_percent"), share("pressure_io_full_percent")},
      true,
      true},
     {"pressure/irq", {share(""), share("pressure_irq_full_percent")}, false, true}}};

PressureCollector::PressureCollector(Reader& proc, ReadFaults& faults,
                                     std::chrono::nanoseconds interval)
    : proc_(proc), faults_(faults) {
    for (const Resource& resource : kResources) {
        sources_.push_back({&resource, CounterRates(resource.series, interval)});
    }
}

void PressureCollector::collect(MetricSink& out) {
    for (Source& source : sources_) {
        const auto file = proc_.read(source.resource->file);
        if (!file) {
            // EOPNOTSUPP: built in, switched off by psi=0.
            if (file.error != ENOENT && file.error != EOPNOTSUPP) {
                faults_.note("/proc/pressure", file.error);
            }
            source.rates.emit_unknown(out);
            continue;
        }
        const Pressure pressure = parse_pressure(file.text);
        const std::array<Counter, 2> counters{
            source.resource->some ? pressure.some_us : std::nullopt,
            source.resource->full ? pressure.full_us : std::nullopt};
        source.rates.emit(file.at, counters, out);
    }
}

}  // namespace chorus::agent
