// CPU time of one cycle of the agent on this machine beside the bare reading of the files it is
// made of: agent_cycle CYCLES [PAUSE_MS], with a pause before each cycle. Prints JSON.
#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "agent/collect/batch_builder.h"
#include "agent/procfs/support/directory.h"
#include "agent/procfs/support/text_scan.h"
#include "common/batch/batch_json.h"
#include "common/compress.h"
#include "common/log.h"

namespace {

using namespace chorus;
using namespace chorus::agent;

double cpu_ms() {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

double median(std::vector<double> values) {
    std::nth_element(values.begin(),
                     values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
    return values[values.size() / 2];
}

std::vector<int> pids() {
    std::vector<int> all;
    const Directory proc = open_directory(AT_FDCWD, "/proc");
    while (const dirent* entry = ::readdir(proc.get())) {
        if (const auto pid = parse_number<int>(entry->d_name)) all.push_back(*pid);
    }
    return all;
}

// Read in every cycle, whatever the number of processes.
constexpr const char* kHostFiles[] = {"stat",
                                      "meminfo",
                                      "loadavg",
                                      "uptime",
                                      "pressure/cpu",
                                      "pressure/memory",
                                      "pressure/io",
                                      "pressure/irq",
                                      "vmstat",
                                      "diskstats",
                                      "net/dev",
                                      "net/snmp",
                                      "net/netstat",
                                      "net/softnet_stat",
                                      "net/sockstat",
                                      "sys/fs/file-nr",
                                      "sys/net/ipv4/tcp_mem",
                                      "sys/net/netfilter/nf_conntrack_count",
                                      "sys/net/netfilter/nf_conntrack_max",
                                      "sys/kernel/pid_max",
                                      "sys/kernel/threads-max",
                                      "1/mountinfo",
                                      "self/stat"};

void read_bare(int root, const char* path, std::vector<char>& buffer) {
    const int fd = ::openat(root, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    while (::read(fd, buffer.data(), buffer.size()) == static_cast<ssize_t>(buffer.size())) {
    }
    ::close(fd);
}

// What the kernel takes for the files alone: each is opened, read and closed, each process's
// open files are looked at.
double bare_reads_ms() {
    std::vector<char> buffer(64 << 10);
    const int root = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const double start = cpu_ms();
    for (const char* file : kHostFiles) read_bare(root, file, buffer);
    for (const int pid : pids()) {
        char path[64];
        for (const char* file : {"stat", "io"}) {
            std::snprintf(path, sizeof path, "%d/%s", pid, file);
            read_bare(root, path, buffer);
        }
        struct stat status {};
        std::snprintf(path, sizeof path, "%d/fd", pid);
        ::fstatat(root, path, &status, 0);
    }
    const double took = cpu_ms() - start;
    ::close(root);
    return took;
}

std::int64_t rss_bytes() {
    std::ifstream statm("/proc/self/statm");
    std::int64_t size = 0, resident = 0;
    statm >> size >> resident;
    return resident * ::sysconf(_SC_PAGESIZE);
}

}  // namespace

int main(int argc, char** argv) {
    const int cycles = argc > 1 ? std::atoi(argv[1]) : 30;
    const std::chrono::milliseconds pause{argc > 2 ? std::atoi(argv[2]) : 0};
    ::mallopt(M_ARENA_MAX, 1);
    ::mallopt(M_MMAP_THRESHOLD, 128 << 10);
    configure_log(LogLevel::error, LogFormat::json);
    const SystemClock clock;
    const SystemBootClock boot_clock;
    CollectSettings settings;
    settings.interval = std::chrono::seconds{1};
    settings.processes.most = limits::kProcessesPerBatch;
    BatchBuilder builder(settings, clock, boot_clock);
    Batch batch;
    JsonWriter json;
    std::vector<double> collect, pack, bare;
    std::size_t wire = 0, processes = 0;
    builder.collect(batch);
    for (int i = 0; i < cycles; ++i) {
        std::this_thread::sleep_for(pause);
        const double start = cpu_ms();
        builder.collect(batch);
        const double collected = cpu_ms();
        json.clear();
        write_batch(json, batch);
        wire = zstd_compress(json.text()).size();
        pack.push_back(cpu_ms() - collected);
        collect.push_back(collected - start);
        processes = batch.processes ? batch.processes->rows.size() : 0;
        ::malloc_trim(0);
        bare.push_back(bare_reads_ms());
    }
    std::cout << "{\"processes\":" << processes << ",\"collect_ms\":" << median(collect)
              << ",\"pack_ms\":" << median(pack) << ",\"bare_ms\":" << median(bare)
              << ",\"wire_bytes\":" << wire << ",\"rss_bytes\":" << rss_bytes() << "}\n";
    return 0;
}
