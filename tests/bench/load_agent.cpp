#include "tests/bench/load_agent.h"

#include <chrono>
#include <random>

#include "common/batch/batch.h"
#include "common/batch/batch_json.h"
#include "common/compress.h"

namespace chorus::bench {
namespace {

using std::chrono::seconds;

constexpr seconds kInterval{30};
constexpr std::int64_t kMemory = std::int64_t{16} << 30U;

// The batches of one agent, one interval apart; values move as real ones do.
class SimulatedHost {
  public:
    SimulatedHost(const LoadShape& shape, int index, Timestamp start)
        : random_(static_cast<unsigned>(shape.seed) * 1'009U + static_cast<unsigned>(index)) {
        batch_.time = start;
        batch_.agent = {Uuid::random(), "1.0.0", static_cast<int>(kInterval.count())};
        batch_.epoch = Uuid::random();
        batch_.boot_id = Uuid::random();
        batch_.hostname = "bench-" + std::to_string(shape.seed) + "-" + std::to_string(index);
        batch_.host.cpu_count = 4;
        batch_.host.memory_total_bytes = kMemory;
        batch_.host.boot_time = start;
        for (int i = 0; i < shape.metrics; ++i) {
            batch_.layout.push_back({"bench_metric_" + std::to_string(i / 4),
                                     "instance" + std::to_string(i % 4), "percent"});
            batch_.values.push_back(i % 2 == 0 ? i : 1e9 + i);
        }
        if (shape.processes > 0) batch_.processes = ProcessTable{};
        for (int i = 0; i < shape.processes; ++i) add_process(i);
    }

    const Batch& next() {
        batch_.time += kInterval;
        batch_.sent_at = batch_.time;
        ++batch_.seq;
        for (std::size_t i = 0; i < batch_.values.size(); ++i) {
            double& value = batch_.values[i];
            // A third are gauges with one decimal, a third counters, a third do not move.
            if (i % 3 == 0) value = static_cast<double>(random_() % 1'000) / 10;
            if (i % 3 == 1) value += static_cast<double>(random_() % 100'000);
        }
        if (batch_.processes) {
            for (auto& process : batch_.processes->rows) move(process);
        }
        return batch_;
    }

  private:
    // Every other process is a kernel thread, as on an ordinary small server.
    void add_process(int index) {
        const bool kernel = index % 2 == 0;
        ProcessSample p;
        p.pid = 100 + index;
        p.start_ticks = 1'000 + index;
        p.name = (kernel ? "kworker/" : "process-") + std::to_string(index);
        p.ppid = kernel ? 2 : 1;
        p.state = kernel ? ProcessState::idle : ProcessState::sleeping;
        p.user = "root";
        p.num_threads = kernel ? 1 : 1 + index % 8;
        p.cpu_percent = 0;
        p.memory_rss_bytes = kernel ? 0 : 4096LL * (1'000 + index * 37);
        p.memory_percent = 100.0 * static_cast<double>(*p.memory_rss_bytes) / kMemory;
        p.disk_read_bytes = kernel ? 0 : 512LL * index * 100;
        p.disk_write_bytes = kernel ? 0 : 512LL * index * 10;
        p.fd_count = kernel ? 0 : 10 + index % 20;
        if (!kernel) p.unit = "bench.service";
        batch_.processes->rows.push_back(std::move(p));
        batch_.processes->scanned = index + 1;
    }

    // One process in five is busy.
    void move(ProcessSample& p) {
        if (p.pid % 5 != 0) return;
        p.cpu_percent = static_cast<double>(random_() % 1'000) / 10;
        *p.memory_rss_bytes += 4096 * static_cast<std::int64_t>(random_() % 16);
        *p.disk_write_bytes += 512 * static_cast<std::int64_t>(random_() % 64);
        p.memory_percent = 100.0 * static_cast<double>(*p.memory_rss_bytes) / kMemory;
    }

    std::minstd_rand random_;
    Batch batch_;
};

std::string chorus_request(const Batch& batch, const std::string& token) {
    JsonWriter json;
    write_batch(json, batch);
    const std::string body = zstd_compress(json.text());
    return "POST /api/v1/ingest HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + token +
           "\r\nContent-Type: application/json\r\nContent-Encoding: zstd"
           "\r\nX-Chorus-Protocol: 1\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string prometheus_request(const Batch& batch) {
    const auto milliseconds =
        std::chrono::duration_cast<std::chrono::milliseconds>(batch.time.time_since_epoch())
            .count();
    std::string body;
    for (std::size_t i = 0; i < batch.values.size(); ++i) {
        JsonWriter value;
        value.value(batch.values[i]);
        body += batch.layout[i].metric_type + "{host=\"" + batch.hostname + "\",label=\"" +
                batch.layout[i].label + "\"} " + std::string(value.text()) + ' ' +
                std::to_string(milliseconds) + '\n';
    }
    return "POST /api/v1/import/prometheus HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

std::vector<std::string> make_requests(const LoadShape& shape, int agent_index,
                                       const std::string& token) {
    const Timestamp now =
        std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    // The newest batch is of now, the others lie before it as after an outage.
    SimulatedHost host{shape, agent_index, now - shape.batches * kInterval};

    std::vector<std::string> requests;
    requests.reserve(static_cast<std::size_t>(shape.batches));
    for (int i = 0; i < shape.batches; ++i) {
        const Batch& batch = host.next();
        requests.push_back(shape.prometheus ? prometheus_request(batch)
                                            : chorus_request(batch, token));
    }
    return requests;
}

}  // namespace chorus::bench
