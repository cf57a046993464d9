// How many batches a second the writing half of ingest takes: IngestService on a real PostgreSQL,
// without HTTP and JSON. Prints a table; asserts nothing.
//
// Usage: bench_ingest [--batches N] [--agents N] [--threads N] [--processes N]
//                     [--writers N] [--redis]
// Servers by CHORUS_TEST_DATABASE_URL and, with --redis, CHORUS_TEST_REDIS_URL.
#include <sys/resource.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "aggregator/ingest/ingest_service.h"
#include "tests/integration/store/test_database.h"

namespace chorus {
namespace {

struct Shape {
    int batches = 40'000;
    int agents = 1'000;
    int threads = 16;
    int metrics = 115;
    int processes = 0;
    int writers = 2;
    bool redis = false;
};

std::optional<Shape> read_arguments(int argc, char** argv) {
    Shape shape;
    for (int i = 1; i < argc; ++i) {
        const std::string name = argv[i];
        if (name == "--redis") {
            shape.redis = true;
            continue;
        }
        int* number = name == "--batches"     ? &shape.batches
                      : name == "--agents"    ? &shape.agents
                      : name == "--threads"   ? &shape.threads
                      : name == "--processes" ? &shape.processes
                      : name == "--writers"   ? &shape.writers
                                              : nullptr;
        if (number == nullptr || i + 1 == argc) return std::nullopt;
        *number = std::atoi(argv[++i]);
    }
    return shape;
}

// The batches of one agent, one interval apart; values move as real ones do.
class Agent {
  public:
    Agent(const Shape& shape, int index, Timestamp start)
        : random_(static_cast<unsigned>(index)), time_(start) {
        base_.agent = {Uuid::random(), "1.0.0", 30};
        base_.epoch = Uuid::random();
        base_.boot_id = Uuid::random();
        base_.hostname = "bench-" + std::to_string(index);
        base_.host.os = "Debian GNU/Linux 12 (bookworm)";
        base_.host.memory_total_bytes = 16LL << 30;
        base_.host.boot_time = start;
        for (int i = 0; i < shape.metrics; ++i) {
            base_.layout.push_back({"bench_metric_" + std::to_string(i / 4),
                                    "instance" + std::to_string(i % 4), "percent"});
            base_.values.push_back(i % 2 == 0 ? i : 1e9 + i);
        }
        if (shape.processes > 0) base_.processes = ProcessTable{};
        for (int i = 0; i < shape.processes; ++i) add_process(i);
    }

    Batch next() {
        time_ += std::chrono::seconds{30};
        base_.time = time_;
        base_.sent_at = time_;
        base_.seq += 1;
        for (std::size_t i = 0; i < base_.values.size(); ++i) {
            double& value = base_.values[i];
            // A third are gauges with one decimal, a third counters, a third do not move.
            if (i % 3 == 0) value = static_cast<double>(random_() % 1'000) / 10;
            if (i % 3 == 1) value += static_cast<double>(random_() % 100'000);
        }
        if (base_.processes) {
            for (auto& p : base_.processes->rows) move(p);
        }
        return base_;
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
        p.memory_percent = 100.0 * static_cast<double>(*p.memory_rss_bytes) /
                           static_cast<double>(*base_.host.memory_total_bytes);
        p.disk_read_bytes = kernel ? 0 : 512LL * index * 100;
        p.disk_write_bytes = kernel ? 0 : 512LL * index * 10;
        p.fd_count = kernel ? 0 : 10 + index % 20;
        if (!kernel) p.unit = "bench.service";
        base_.processes->rows.push_back(std::move(p));
    }
    // One process in five is busy.
    void move(ProcessSample& p) {
        if (p.pid % 5 != 0) return;
        p.cpu_percent = static_cast<double>(random_() % 1'000) / 10;
        *p.memory_rss_bytes += 4096 * static_cast<std::int64_t>(random_() % 16);
        *p.disk_write_bytes += 512 * static_cast<std::int64_t>(random_() % 64);
        p.memory_percent = 100.0 * static_cast<double>(*p.memory_rss_bytes) /
                           static_cast<double>(*base_.host.memory_total_bytes);
    }

    std::minstd_rand random_;
    Timestamp time_;
    Batch base_;
};

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int run(const Shape& shape) {
    store::FilledDatabase database;
    SystemClock clock;
    MetricsRegistry metrics;
    const store::Retention retention;
    store::Database pool{database.options(8)};
    store::Partitions partitions{pool, clock, retention};
    store::TokenStore tokens{pool};
    std::optional<cache::CacheWriter> cache;
    if (shape.redis) {
        const char* url = std::getenv("CHORUS_TEST_REDIS_URL");
        if (url == nullptr) throw std::runtime_error("CHORUS_TEST_REDIS_URL is not set");
        cache.emplace(cache::parse_redis_url(url), cache::CacheWriterOptions{}, metrics);
        cache->start();
    }
    ingest::IngestOptions options;
    options.writers = shape.writers;
    ingest::IngestService service{pool,  partitions, tokens,  cache ? &*cache : nullptr,
                                  clock, retention,  options, metrics};
    service.start();

    // Each thread has its own agents, in whose order it sends.
    std::vector<std::vector<Batch>> batches(static_cast<std::size_t>(shape.threads));
    const Timestamp start = clock.now() - std::chrono::hours{6};
    std::vector<Agent> agents;
    for (int i = 0; i < shape.agents; ++i) agents.emplace_back(shape, i, start);
    for (int i = 0; i < shape.batches; ++i) {
        const int agent = i % shape.agents;
        batches[static_cast<std::size_t>(agent % shape.threads)].push_back(
            agents[static_cast<std::size_t>(agent)].next());
    }
    // Hosts, layouts and processes are known after the first batch of each agent.
    std::vector<std::size_t> warm(batches.size());
    const auto send = [&](std::size_t thread, std::size_t from, std::size_t to,
                          std::atomic<int>& stored) {
        for (std::size_t i = from; i < to; ++i) {
            const auto outcome = service.submit(std::move(batches[thread][i]), {});
            if (outcome.result == ingest::IngestResult::stored) ++stored;
        }
    };
    const auto all_threads = [&](bool warming, std::atomic<int>& stored) {
        std::vector<std::thread> threads;
        for (std::size_t t = 0; t < batches.size(); ++t) {
            const std::size_t first = static_cast<std::size_t>(shape.agents / shape.threads + 1);
            const std::size_t size = batches[t].size();
            warm[t] = std::min(first, size);
            threads.emplace_back([&, t, size, warming] {
                send(t, warming ? 0 : warm[t], warming ? warm[t] : size, stored);
            });
        }
        for (auto& thread : threads) thread.join();
    };
    std::atomic<int> warmed{0}, stored{0};
    all_threads(true, warmed);
    const double cpu_before = cpu_seconds();
    const auto began = std::chrono::steady_clock::now();
    all_threads(false, stored);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    const double cpu = cpu_seconds() - cpu_before;
    service.stop();

    const double rate = stored / took.count();
    std::printf("%-34s %12d\n", "values per batch", shape.metrics);
    std::printf("%-34s %12d\n", "processes per batch", shape.processes);
    std::printf("%-34s %12d of %d\n", "batches stored", stored + warmed, shape.batches);
    std::printf("%-34s %12.0f\n", "batches per second", rate);
    std::printf("%-34s %12.1f\n", "own CPU, microseconds per batch", cpu / stored * 1e6);
    const auto groups = metrics.counter("chorus_aggregator_ingest_groups_total", "").value();
    std::printf("%-34s %12.1f\n", "batches per transaction",
                static_cast<double>(stored + warmed) / static_cast<double>(groups));
    const auto size = [&](const std::string& table) {
        return static_cast<double>(database.number(
            "SELECT coalesce(sum(bytes), 0)::int8 FROM monitoring.batch_partitions('" + table +
            "')"));
    };
    const double total = static_cast<double>(stored + warmed);
    std::printf("%-34s %12.2f\n", "bytes per value, system_batches",
                size("system_batches") / (total * shape.metrics));
    const auto streams = static_cast<double>(
        database.number("SELECT pg_total_relation_size('monitoring.ingest_streams')"));
    std::printf("%-34s %12.2f\n", "with ingest_streams",
                (size("system_batches") + streams) / (total * shape.metrics));
    if (shape.processes > 0) {
        std::printf("%-34s %12.2f\n", "bytes per process-sample",
                    size("process_batches") / (total * shape.processes));
    }
    return 0;
}

}  // namespace
}  // namespace chorus

int main(int argc, char** argv) {
    const auto shape = chorus::read_arguments(argc, argv);
    if (!shape) {
        std::fprintf(stderr,
                     "usage: %s [--batches N] [--agents N] [--threads N] [--processes N]"
                     " [--writers N] [--redis]\n",
                     argv[0]);
        return 64;
    }
    return chorus::run(*shape);
}
