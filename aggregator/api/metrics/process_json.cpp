#include "aggregator/api/metrics/process_json.h"

namespace chorus::api {

void write_process(JsonWriter& out, const store::ProcessRow& row, bool show_cmdline) {
    out.begin_object()
        .field("id", row.id.to_string())
        .field("process_id", row.process_id)
        .field("process_name", row.process_name)
        .field("hostname", row.hostname)
        .field("cpu_percent", row.cpu_percent)
        .field("memory_mb", row.memory_mb)
        .field("memory_percent", row.memory_percent)
        .field("disk_read_bytes", row.disk_read_bytes)
        .field("disk_write_bytes", row.disk_write_bytes)
        .key("network_sent_bytes")
        .null()
        .key("network_recv_bytes")
        .null()
        .field("status", row.status)
        .field("timestamp", row.time)
        .field("created_at", row.created_at)
        .field("username", row.username)
        .field("ppid", row.ppid)
        .field("num_threads", row.num_threads)
        .field("fd_count", row.fd_count)
        .field("fd_limit", row.fd_limit)
        .field("children_cpu_percent", row.children_cpu_percent)
        .field("memory_pss_mb", row.memory_pss_mb)
        .field("memory_swap_mb", row.memory_swap_mb)
        .field("major_faults_per_sec", row.major_faults_per_sec)
        .field("nice", row.nice)
        .field("processor", row.processor)
        .field("io_wait_percent", row.io_wait_percent)
        .field("cpu_wait_percent", row.cpu_wait_percent)
        .field("voluntary_switches_per_sec", row.voluntary_switches_per_sec)
        .field("involuntary_switches_per_sec", row.involuntary_switches_per_sec)
        .field("unit", row.unit)
        .field("container_id", row.container_id)
        .field("cmdline", show_cmdline ? row.cmdline : std::nullopt)
        .field("started_at", row.started_at)
        .end_object();
}

}  // namespace chorus::api
