// The process's own resource use, in the names every Prometheus client library uses.
#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <string>

#include "common/metrics.h"

namespace chorus {
namespace {

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// proc_pid_statm(5), second field, pages.
double resident_bytes() {
    std::ifstream in("/proc/self/statm");
    double total = 0, resident = 0;
    in >> total >> resident;
    return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double open_fds() {
    const std::unique_ptr<DIR, int (*)(DIR*)> dir{opendir("/proc/self/fd"), closedir};
    if (!dir) return 0;
    double count = -3;  // ".", ".." and the one that reads the directory
    while (readdir(dir.get()) != nullptr) ++count;
    return count;
}

}  // namespace

void register_process_metrics(MetricsRegistry& registry, std::string_view program) {
    const std::string name = "chorus_" + std::string(program) + "_build_info";
    registry.gauge(name, "Version of the running program.", {{"version", CHORUS_VERSION}}).set(1);
    registry.gauge("process_start_time_seconds", "Start of the process, seconds since 1970.")
        .set(std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
                 .count());
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    registry.gauge("process_max_fds", "Limit of open file descriptors.")
        .set(static_cast<double>(files.rlim_cur));
    Gauge* cpu =
        &registry.read_counter("process_cpu_seconds_total", "User and system CPU time used.");
    Gauge* resident = &registry.gauge("process_resident_memory_bytes", "Resident memory.");
    Gauge* fds = &registry.gauge("process_open_fds", "Open file descriptors.");
    registry.on_collect([cpu, resident, fds] {
        cpu->set(cpu_seconds());
        resident->set(resident_bytes());
        fds->set(open_fds());
    });
}

}  // namespace chorus
