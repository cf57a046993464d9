#include "agent/collect/load_collector.h"

#include "agent/procfs/loadavg.h"
#include "agent/procfs/uptime.h"

namespace chorus::agent {

void LoadCollector::collect(MetricSink& out) {
    LoadAverage load;
    if (const auto file = proc_.read("loadavg")) {
        load = parse_loadavg(file.text);
    } else {
        faults_.note("/proc/loadavg", file.error);
    }
    out.add("load_avg_1min", "avg", load.one_minute.value_or(kNoValue));
    out.add("load_avg_5min", "avg", load.five_minutes.value_or(kNoValue));
    out.add("load_avg_15min", "avg", load.fifteen_minutes.value_or(kNoValue));
    const auto cpus = cpu_.cpu_count();
    // Where the CPUs are a container's and the load is its host's, they are not divided.
    const bool strange = overlaid_.contains("stat") && !overlaid_.contains("loadavg");
    const bool known = load.one_minute && cpus && *cpus > 0 && !strange;
    out.add("load_per_cpu_1m", "avg",
            known ? *load.one_minute / static_cast<double>(*cpus) : kNoValue);
    double uptime = kNoValue;
    if (const auto file = proc_.read("uptime")) {
        uptime = parse_uptime(file.text).value_or(kNoValue);
    } else {
        faults_.note("/proc/uptime", file.error);
    }
    out.add("uptime_seconds", "seconds", uptime);
}

}  // namespace chorus::agent
