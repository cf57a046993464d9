#include "agent/process/process_bounds.h"

#include <algorithm>
#include <limits>

namespace chorus::agent {
namespace {

template <typename Number>
void keep_between(std::optional<Number>& figure, Number least, Number most) {
    // Written so that NaN is outside of everything.
    if (figure && !(*figure >= least && *figure <= most)) figure.reset();
}

template <typename Number>
void keep_natural(std::optional<Number>& figure) {
    keep_between(figure, Number{0}, std::numeric_limits<Number>::max());
}

void forget_impossible_figures(ProcessSample& p) {
    for (auto* const number : {&p.ppid, &p.num_threads, &p.fd_count, &p.fd_limit}) {
        keep_natural(*number);
    }
    for (auto* const bytes : {&p.memory_rss_bytes, &p.memory_pss_bytes, &p.memory_swap_bytes,
                              &p.disk_read_bytes, &p.disk_write_bytes}) {
        keep_natural(*bytes);
    }
    for (auto* const share :
         {&p.cpu_percent, &p.children_cpu_percent, &p.io_wait_percent, &p.cpu_wait_percent}) {
        keep_between(*share, 0.0, limits::kCpuPercent);
    }
    for (auto* const rate : {&p.major_faults_per_sec, &p.voluntary_switches_per_sec,
                             &p.involuntary_switches_per_sec}) {
        keep_between(*rate, 0.0, limits::kPerSecond);
    }
    keep_between(p.memory_percent, 0.0, 100.0);
    keep_between(p.nice, limits::kLeastNice, limits::kMostNice);
    keep_between(p.processor, 0, limits::kMostProcessor);
}

}  // namespace

void forget_impossible_figures(ProcessTable& table) {
    for (ProcessSample& process : table.rows) forget_impossible_figures(process);
    if (!table.other) return;
    keep_between(table.other->cpu_percent, 0.0, limits::kCpuPercent);
    keep_natural(table.other->memory_rss_bytes);
}

}  // namespace chorus::agent
