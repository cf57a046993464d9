#include "tests/bench/load_agent.h"

#include <chrono>
#include <random>

#include "common/batch.h"
#include "common/batch_json.h"
#include "common/compress.h"

namespace chorus::bench {
namespace {

using std::chrono::seconds;

std::vector<SeriesKey> make_layout(int metrics) {
    std::vector<SeriesKey> layout;
    for (int i = 0; i < metrics; ++i) {
        layout.push_back({"bench_metric_" + std::to_string(i / 4) + "_per_sec",
                          i % 4 == 0 ? "" : "device" + std::to_string(i % 4), "per_sec"});
    }
    return layout;
}

std::vector<ProcessSample> make_processes(int count, std::mt19937_64& random) {
    std::vector<ProcessSample> rows;
    for (int i = 0; i < count; ++i) {
        ProcessSample p;
        p.pid = 100 + i * 7;
        p.ppid = 1;
        p.start_ticks = 1'000 + i * 13;
        p.name = "worker-" + std::to_string(i % 40);
        p.state = ProcessState::sleeping;
        p.user = i % 3 == 0 ? "root" : "www-data";
        p.num_threads = 1 + i % 5;
        p.cpu_percent = 0;
        p.memory_rss_bytes = static_cast<std::int64_t>(random() % 50'000) * 4096;
        p.memory_percent = 0;
        p.disk_read_bytes = static_cast<std::int64_t>(random() % 10'000) * 4096;
        p.disk_write_bytes = 0;
        rows.push_back(p);
    }
    return rows;
}

// One process in five does something between two batches.
void age_processes(std::vector<ProcessSample>& rows, double memory_total, std::mt19937_64& random) {
    for (auto& p : rows) {
        const bool busy = random() % 5 == 0;
        p.cpu_percent = busy ? static_cast<double>(random() % 3'000) / 100.0 : 0.0;
        if (busy) {
            p.memory_rss_bytes = *p.memory_rss_bytes + 4096;
            p.disk_write_bytes = *p.disk_write_bytes + 4096;
        }
        p.memory_percent = 100.0 * static_cast<double>(*p.memory_rss_bytes) / memory_total;
    }
}

}  // namespace

std::vector<std::string> make_requests(const LoadShape& shape, int agent_index,
                                       const std::string& token, const std::string& host_header) {
    constexpr std::int64_t memory_total = std::int64_t{16} << 30U;
    std::mt19937_64 random{shape.seed * 1'000'003 + static_cast<std::uint64_t>(agent_index)};
    const Timestamp now =
        std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());

    Batch batch;
    batch.agent = {Uuid::random(), "1.0.0", 30};
    batch.epoch = Uuid::random();
    batch.boot_id = Uuid::random();
    batch.hostname = "bench-" + std::to_string(shape.seed) + "-" + std::to_string(agent_index);
    batch.host.cpu_count = 4;
    batch.host.memory_total_bytes = memory_total;
    batch.host.boot_time = now - seconds{86'400};
    batch.layout = make_layout(shape.metrics);
    batch.values.resize(batch.layout.size());
    std::vector<ProcessSample> processes = make_processes(shape.processes, random);

    std::vector<std::string> requests;
    requests.reserve(static_cast<std::size_t>(shape.batches));
    JsonWriter json;
    for (int i = 0; i < shape.batches; ++i) {
        batch.seq = i + 1;
        batch.time = now + std::chrono::milliseconds{i};
        batch.sent_at = batch.time;
        for (double& v : batch.values) v = static_cast<double>(random() % 10'000'000) / 100.0;
        if (shape.processes > 0) {
            age_processes(processes, static_cast<double>(memory_total), random);
            batch.processes = ProcessTable{processes, shape.processes, std::nullopt};
        }
        json.clear();
        write_batch(json, batch);
        const std::string body = zstd_compress(json.text());
        std::string request = "POST /api/v1/ingest HTTP/1.1\r\nHost: " + host_header +
                              "\r\nAuthorization: Bearer " + token +
                              "\r\nContent-Type: application/json\r\nContent-Encoding: zstd"
                              "\r\nX-Chorus-Protocol: 1\r\nContent-Length: " +
                              std::to_string(body.size()) + "\r\n\r\n" + body;
        requests.push_back(std::move(request));
    }
    return requests;
}

}  // namespace chorus::bench
