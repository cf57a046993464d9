// A small batch that is right in every respect, for tests to bend.
#pragma once

#include <limits>
#include <string>

#include "common/batch/batch.h"
#include "common/batch/batch_json.h"

namespace chorus::test {

inline Batch sample_batch() {
    Batch b;
    b.agent = {*Uuid::parse("11111111-1111-4111-8111-111111111111"), "1.0.0", 30};
    b.epoch = *Uuid::parse("22222222-2222-4222-8222-222222222222");
    b.seq = 1842;
    b.hostname = "web-01";
    b.boot_id = *Uuid::parse("33333333-3333-4333-8333-333333333333");
    b.time = *parse_timestamp("2026-01-15T10:30:45.123456Z");
    b.sent_at = *parse_timestamp("2026-01-15T10:30:45.130Z");
    b.host.os = "Debian GNU/Linux 12 (bookworm)";
    b.host.kernel = "6.1.0-18-amd64";
    b.host.cpu_count = 8;
    b.host.memory_total_bytes = 16'000'000'000;
    b.host.boot_time = *parse_timestamp("2026-01-01T00:00:00Z");
    b.layout = {{"cpu_usage_percent", "", "percent"}, {"disk_usage_percent", "/var", "percent"}};
    b.values = {12.5, std::numeric_limits<double>::quiet_NaN()};
    ProcessTable table;
    table.scanned = 212;
    table.other = ProcessRemainder{12, 0.4, 123};
    ProcessSample init;
    init.pid = 1;
    init.start_ticks = 12;
    init.name = "systemd";
    init.ppid = 0;
    init.state = ProcessState::sleeping;
    init.user = "root";
    init.num_threads = 1;
    init.cpu_percent = 0.5;
    init.memory_rss_bytes = 12'345'678;
    init.memory_percent = 0.1;
    init.disk_read_bytes = 1;
    init.disk_write_bytes = std::numeric_limits<std::int64_t>::max();
    init.fd_count = 77;
    init.fd_limit = 1'024;
    init.children_cpu_percent = 12.5;
    init.memory_pss_bytes = 4'096;
    init.memory_swap_bytes = 1'048'577;
    init.major_faults_per_sec = 0.25;
    init.nice = -5;
    init.processor = 3;
    init.io_wait_percent = 1.5;
    init.cpu_wait_percent = 150.5;
    init.voluntary_switches_per_sec = 8.25;
    init.involuntary_switches_per_sec = 0.5;
    init.unit = "init.scope";
    table.rows.push_back(init);
    ProcessSample bare;
    bare.pid = 4711;
    bare.start_ticks = 99'000;
    bare.name = "<img src=x onerror=alert(1)> '; DROP \x1b[31m \xE2\x80\xAE";
    table.rows.push_back(bare);
    b.processes = table;
    b.events = {{"oom_kill", b.time, R"({"process_name":"java","pid":812})"}};
    b.services = {{"billing", "https://10.0.0.7:8443/health", ServiceStatus::healthy,
                   std::chrono::milliseconds{1'500}, 60, 12},
                  {"b\xC3\xBCro db", "tcp://[::1]:5432", ServiceStatus::unhealthy,
                   std::chrono::milliseconds{0}, 15.5, std::nullopt, "Connection refused"}};
    return b;
}

inline std::string to_json(const Batch& batch) {
    JsonWriter out;
    write_batch(out, batch);
    return out.take();
}

}  // namespace chorus::test
