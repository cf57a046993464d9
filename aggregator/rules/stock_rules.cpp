#include "aggregator/rules/stock_rules.h"

#include "common/json_writer.h"

namespace chorus::alerts {
namespace {

struct Written {
    const char* key;
    const char* name;
    const char* severity;
    const char* rule_type;
    const char* condition;
    const char* description;
};

// The levels are those that operators of other monitors have found useful; each rule that can
// chatter clears at a lower level than it fires.
constexpr Written kRules[] = {
    {"host_silent", "Stock: host silent", "critical", "host_silent",
     R"({"intervals":3,"least_seconds":30})",
     "Nothing was received from a host for three of its collection intervals."},
    {"service_slow", "Stock: service slow", "medium", "service_health",
     R"({"service_name":"*","fault":"slow","for_minutes":2})",
     "A service answers, but slower than RESPONSE_TIME_ALERT_THRESHOLD."},
    {"cpu_iowait", "Stock: CPU waits for disks", "medium", "system_metric",
     R"({"metric_type":"cpu_iowait_percent","operator":">","threshold":40,"clear_threshold":20,"time_window_minutes":10})",
     "CPUs are idle because tasks wait for disks."},
    {"cpu_steal", "Stock: CPU stolen by the hypervisor", "medium", "system_metric",
     R"({"metric_type":"cpu_steal_percent","operator":">","threshold":10,"clear_threshold":5,"time_window_minutes":20})",
     "The hypervisor gives this machine less CPU than it asks for."},
    {"load_per_cpu", "Stock: load", "medium", "system_metric",
     R"({"metric_type":"load_per_cpu_1m","operator":">","threshold":2,"clear_threshold":1.5,"time_window_minutes":5,"min_coverage":0.5,"for_minutes":15})",
     "More than two tasks per CPU run or wait for a disk."},
    {"pressure_memory", "Stock: memory pressure", "high", "system_metric",
     R"({"metric_type":"pressure_memory_full_percent","operator":">","threshold":10,"clear_threshold":5,"time_window_minutes":5,"min_coverage":0.5})",
     "All tasks at once waited for memory in so many percent of the time."},
    {"pressure_io", "Stock: disk pressure", "medium", "system_metric",
     R"({"metric_type":"pressure_io_full_percent","operator":">","threshold":20,"clear_threshold":10,"time_window_minutes":5,"min_coverage":0.5})",
     "All tasks at once waited for disks in so many percent of the time."},
    {"oom_kills", "Stock: processes killed for want of memory", "high", "system_metric",
     R"({"metric_type":"memory_oom_kills_count","operator":">","threshold":0,"aggregation":"sum","time_window_minutes":10,"keep_firing_minutes":20})",
     "The kernel has killed processes in the last 30 minutes; events name them."},
    {"major_faults", "Stock: major page faults", "medium", "system_metric",
     R"({"metric_type":"memory_major_faults_per_sec","operator":">","threshold":500,"clear_threshold":300,"time_window_minutes":15})",
     "Programs wait for pages that have to be read from disk."},
    {"memory_ecc", "Stock: uncorrectable memory errors", "high", "system_metric",
     R"({"metric_type":"memory_ecc_uncorrectable_count","label":"*","operator":">","threshold":0,"aggregation":"sum","time_window_minutes":10,"keep_firing_minutes":50})",
     "A memory module is failing."},
    // Bytes per second by MiB; 1800 s * 100 % / 1048576.
    {"swap_out", "Stock: swapping out", "medium", "system_metric",
     R"({"metric_type":"swap_out_bytes_per_sec","divided_by":"memory_total_mb","multiplied_by":0.171661376953125,"operator":">","threshold":30,"time_window_minutes":30})",
     "Within half an hour so many percent of the memory's size were written to swap."},
    {"disk_full_day", "Stock: disk full within a day", "medium", "system_metric",
     R"({"metric_type":"disk_usage_percent","label":"*","operator":">=","threshold":100,"aggregation":"predict","predict_hours":24,"gate":60,"time_window_minutes":360,"for_minutes":60})",
     "At the pace of the last six hours the file system is full within 24 hours."},
    {"disk_full_hours", "Stock: disk full within four hours", "high", "system_metric",
     R"({"metric_type":"disk_usage_percent","label":"*","operator":">=","threshold":100,"aggregation":"predict","predict_hours":4,"gate":80,"time_window_minutes":360,"for_minutes":60})",
     "At the pace of the last six hours the file system is full within four hours."},
    {"inodes", "Stock: inodes", "high", "system_metric",
     R"({"metric_type":"filesystem_inodes_usage_percent","label":"*","operator":">","threshold":90,"clear_threshold":80,"min_coverage":0.5})",
     "Soon no further file can be made, whatever space is left."},
    {"filesystem_stuck", "Stock: file system does not answer", "high", "system_metric",
     R"({"metric_type":"filesystem_stuck","label":"*","operator":">","threshold":0,"aggregation":"last","for_minutes":5})",
     "Asking for its free space hangs, as a network mount does whose server is gone."},
    {"disk_await", "Stock: slow disk", "low", "system_metric",
     R"({"metric_type":"disk_read_await_ms","label":"*","operator":">","threshold":20,"clear_threshold":15,"time_window_minutes":30})",
     "Reads take long on average."},
    {"disk_queue", "Stock: disk queue", "medium", "system_metric",
     R"({"metric_type":"disk_queue_avg","label":"*","operator":">","threshold":10,"clear_threshold":7,"time_window_minutes":30})",
     "More requests wait for a disk than it can take."},
    {"raid_degraded", "Stock: RAID degraded", "high", "system_metric",
     R"({"metric_type":"raid_degraded_count","label":"*","operator":">","threshold":0,"aggregation":"last","for_minutes":15})",
     "A disk of a software RAID is missing."},
    {"raid_failed", "Stock: RAID failed", "critical", "system_metric",
     R"({"metric_type":"raid_failed","label":"*","operator":">","threshold":0,"aggregation":"last","for_minutes":5})",
     "A software RAID lost too many disks, or it was not started."},
    {"network_errors", "Stock: network errors", "low", "system_metric",
     R"({"metric_type":"network_receive_errors_per_sec","divided_by":"network_receive_packets_per_sec","multiplied_by":100,"least_divisor":1,"label":"*","operator":">","threshold":1,"time_window_minutes":60,"min_coverage":0.5})",
     "More than one percent of the packets were damaged for an hour: a cable, a port or a driver."},
    {"network_drops", "Stock: network drops", "low", "system_metric",
     R"({"metric_type":"network_receive_drops_per_sec","divided_by":"network_receive_packets_per_sec","multiplied_by":100,"least_divisor":17,"label":"*","operator":">","threshold":2,"time_window_minutes":10,"min_coverage":0.5})",
     "More than two percent of the received packets were thrown away, of ten thousand or more."},
    {"network_usage", "Stock: network interface busy", "medium", "system_metric",
     R"({"metric_type":"network_usage_percent","label":"*","operator":">","threshold":90,"clear_threshold":85,"time_window_minutes":10})",
     "An interface is near its speed."},
    {"conntrack", "Stock: tracked connections", "high", "system_metric",
     R"({"metric_type":"network_conntrack_usage_percent","operator":">","threshold":75,"clear_threshold":65,"critical_threshold":90,"min_coverage":0.5})",
     "When the table is full, new connections are dropped."},
    {"listen_overflows", "Stock: connections refused by full queues", "medium", "system_metric",
     R"({"metric_type":"tcp_listen_overflows_per_sec","operator":">","threshold":1,"time_window_minutes":5,"min_coverage":0.5})",
     "A program accepts connections too slowly."},
    {"system_fds", "Stock: open files of the system", "medium", "system_metric",
     R"({"metric_type":"system_fd_usage_percent","operator":">","threshold":70,"clear_threshold":60,"critical_threshold":90,"min_coverage":0.5})",
     "At 100 percent no program can open a file."},
    {"system_pids", "Stock: process numbers", "high", "system_metric",
     R"({"metric_type":"system_pid_usage_percent","operator":">","threshold":90,"clear_threshold":85,"min_coverage":0.5})",
     "At 100 percent no process or thread can be started."},
    {"unit_failed", "Stock: systemd unit failed", "medium", "system_metric",
     R"({"metric_type":"unit_failed","label":"*","operator":">","threshold":0,"aggregation":"last","for_minutes":5})",
     "A unit is in the state failed."},
    {"unit_restarts", "Stock: systemd unit restarts", "medium", "system_metric",
     R"({"metric_type":"unit_restarts_count","label":"*","operator":">","threshold":2,"aggregation":"sum","time_window_minutes":5})",
     "systemd has restarted a unit more than twice in five minutes."},
    {"clock_unsynced", "Stock: clock not synchronised", "low", "system_metric",
     R"({"metric_type":"system_clock_synced","operator":"<","threshold":1,"aggregation":"max","for_minutes":17,"min_coverage":0.5})",
     "No time server keeps the clock in step."},
    {"agent_drops", "Stock: agent lost samples", "low", "system_metric",
     R"({"metric_type":"agent_dropped_samples_count","operator":">","threshold":0,"aggregation":"rate","time_window_minutes":30})",
     "The agent's queue was full; figures of that time are missing."},
};

store::StockRule made(const Written& rule, std::string condition) {
    store::StockRule stock;
    stock.key = rule.key;
    stock.rule.name = rule.name;
    stock.rule.description = rule.description;
    stock.rule.rule_type = rule.rule_type;
    stock.rule.condition_json = std::move(condition);
    stock.rule.severity = rule.severity;
    stock.rule.cooldown_minutes = 15;
    return stock;
}

// Fires above the operator's threshold, ends ten percent points below it.
std::string level(const char* metric, const char* label, double threshold, double critical,
                  int window_minutes) {
    JsonWriter out;
    out.begin_object().field("metric_type", metric);
    if (label != nullptr) out.field("label", label);
    out.field("operator", ">").field("threshold", threshold);
    if (threshold >= 10) out.field("clear_threshold", threshold - 10);
    if (critical > threshold) out.field("critical_threshold", critical);
    return out.field("time_window_minutes", window_minutes)
        .field("min_coverage", 0.5)
        .end_object()
        .take();
}

}  // namespace

std::vector<store::StockRule> stock_rules(const StockThresholds& thresholds) {
    std::vector<store::StockRule> rules;
    rules.push_back(made({"cpu_usage", "Stock: CPU usage", "high", "system_metric", nullptr,
                          "All CPUs together, on average, above CPU_ALERT_THRESHOLD."},
                         level("cpu_usage_percent", nullptr, thresholds.cpu_percent, 95, 10)));
    rules.push_back(made({"memory_usage", "Stock: memory usage", "high", "system_metric", nullptr,
                          "Memory that is not available, above MEMORY_ALERT_THRESHOLD."},
                         level("memory_usage_percent", nullptr, thresholds.memory_percent, 98, 5)));
    rules.push_back(made({"disk_usage", "Stock: disk usage", "high", "system_metric", nullptr,
                          "Space of a file system, above DISK_ALERT_THRESHOLD."},
                         level("disk_usage_percent", "*", thresholds.disk_percent, 98, 5)));
    for (const auto& rule : kRules) rules.push_back(made(rule, rule.condition));
    return rules;
}

}  // namespace chorus::alerts
