// How long one batch takes where neither the network nor the database has a part: written by the
// agent; read, hashed and laid out for COPY by the aggregator.
//
//   batch_codec [PROCESSES] [METRICS] [ROUNDS]
//
// Prints one JSON line of microseconds per batch, each the least of all rounds.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <string>
#include <vector>

#include "aggregator/batches/batch_prepared.h"
#include "aggregator/batches/batch_rows.h"
#include "common/batch/batch_json.h"
#include "common/json/json_reader.h"

namespace {

using namespace chorus;

ProcessSample make_process(int index) {
    ProcessSample p;
    p.pid = 100 + index;
    p.start_ticks = 1'000 + index;
    p.name = "process-" + std::to_string(index);
    p.ppid = 1;
    p.state = index % 9 == 0 ? ProcessState::running : ProcessState::sleeping;
    p.user = "www-data";
    p.num_threads = 1 + index % 8;
    p.cpu_percent = index % 5 == 0 ? 12.345 : 0;
    p.children_cpu_percent = 0.5;
    p.memory_rss_bytes = 4096LL * (1'000 + index * 37);
    p.memory_percent = 0.025;
    p.memory_pss_bytes = 4096LL * (900 + index * 31);
    p.memory_swap_bytes = 0;
    p.major_faults_per_sec = 0;
    p.nice = 0;
    p.processor = index % 4;
    p.io_wait_percent = 0.125;
    p.cpu_wait_percent = 1.75;
    p.voluntary_switches_per_sec = 12.5;
    p.involuntary_switches_per_sec = 0.25;
    p.disk_read_bytes = 512LL * index * 100;
    p.disk_write_bytes = 512LL * index * 10;
    p.fd_count = 10 + index % 20;
    p.fd_limit = 1'024;
    p.unit = "bench.service";
    p.cmdline = "/usr/bin/process --number " + std::to_string(index);
    return p;
}

Batch make_batch(int processes, int metrics) {
    Batch batch;
    batch.agent = {Uuid::random(), "1.0.0", 30};
    batch.epoch = Uuid::random();
    batch.boot_id = Uuid::random();
    batch.hostname = "bench";
    batch.time = batch.sent_at = Timestamp{std::chrono::seconds{1'770'000'000}};
    batch.host.memory_total_bytes = std::int64_t{16} << 30U;
    for (int i = 0; i < metrics; ++i) {
        batch.layout.push_back({"bench_metric_" + std::to_string(i / 4),
                                "instance" + std::to_string(i % 4), "percent"});
        batch.values.push_back(i % 2 == 0 ? i / 8.0 : 1e9 + i);
    }
    batch.processes = ProcessTable{};
    batch.processes->scanned = processes;
    for (int i = 0; i < processes; ++i) batch.processes->rows.push_back(make_process(i));
    return batch;
}

// Keeps what a measured step made from being optimised away.
std::size_t g_used = 0;

template <typename Step>
double least_micros(int rounds, Step step) {
    double least = std::numeric_limits<double>::max();
    for (int i = 0; i < rounds; ++i) {
        const auto start = std::chrono::steady_clock::now();
        g_used += step();
        const std::chrono::duration<double, std::micro> took =
            std::chrono::steady_clock::now() - start;
        least = std::min(least, took.count());
    }
    return least;
}

int argument(int argc, char** argv, int index, int otherwise) {
    return argc > index ? std::atoi(argv[index]) : otherwise;
}

}  // namespace

int main(int argc, char** argv) {
    const int processes = argument(argc, argv, 1, 200);
    const int rounds = argument(argc, argv, 3, 5'000);
    const Batch batch = make_batch(processes, argument(argc, argv, 2, 115));
    JsonWriter out;
    const double written = least_micros(rounds, [&] {
        out.clear();
        write_batch(out, batch);
        return out.text().size();
    });
    const std::string json = out.text();
    JsonReader reader;
    const auto read = [&] {
        FieldErrors errors;
        Batch parsed = read_batch(reader.parse(json), errors);
        if (!errors.empty()) std::abort();
        return parsed;
    };
    const double decoded = least_micros(rounds, [&] { return read().layout.size(); });
    Batch next;
    const double prepared = least_micros(rounds, [&] {
        next = batch;
        return static_cast<std::size_t>(
            store::prepare_batch(std::move(next), batch.sent_at).payload_hash);
    });
    const auto ready = store::prepare_batch(read(), batch.sent_at);
    const std::vector<std::int64_t> refs(static_cast<std::size_t>(processes), 1);
    std::string rows;
    const double laid_out = least_micros(rounds, [&] {
        rows.clear();
        store::append_process_row(rows, ready, {1, batch.time}, refs);
        return rows.size();
    });
    JsonWriter line;
    line.begin_object().field("bytes", json.size()).field("written", written);
    line.field("read", decoded).field("prepared", prepared).field("laid_out", laid_out);
    std::cout << line.end_object().text() << '\n';
    return g_used == 0 ? 1 : 0;
}
