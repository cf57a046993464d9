// Packs all days that are over: `seal_days DATABASE_URL` does what the leader's task does, without
// its rests, also the newest day that the task would still leave, and prints as JSON what it took.
// No aggregator may lead meanwhile.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <exception>

#include "aggregator/postgres/database.h"
#include "aggregator/schema/lease.h"
#include "aggregator/sealed/seal_job.h"
#include "common/json_writer.h"
#include "tests/bench/cpu_time.h"

namespace {

using namespace chorus;

int seal(const char* url) {
    store::DatabaseOptions options;
    options.url = url;
    // One session, so that one backend has all of the work.
    options.sessions = 1;
    store::Database database{options};
    const auto epoch = store::take_lease(*database.acquire(), "seal_days", std::chrono::hours{6});
    if (!epoch) throw std::runtime_error("another program leads");
    const int backend = database.acquire()->execute_once("SELECT pg_backend_pid()")[0].int4(0);
    const double own = bench::cpu_seconds(getpid()), its = bench::cpu_seconds(backend);
    const auto begin = std::chrono::steady_clock::now();
    const store::SealOptions all{.after = std::chrono::hours{1}, .cpu_percent = 100};
    const auto outcome = store::SealJob{database, all, [] { return false; }}.run(*epoch);
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
    JsonWriter out;
    out.begin_object()
        .field("days", outcome.days)
        .field("batches", outcome.batches)
        .field("samples", outcome.samples)
        .field("postponed", outcome.postponed)
        .field("failed", outcome.failed)
        .field("wall_seconds", wall.count())
        .field("program_cpu_seconds", bench::cpu_seconds(getpid()) - own)
        .field("session_cpu_seconds", bench::cpu_seconds(backend) - its)
        .end_object();
    std::puts(out.text().c_str());
    store::release_lease(*database.acquire(), *epoch);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: seal_days DATABASE_URL\n", stderr);
        return 64;
    }
    try {
        return seal(argv[1]);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "seal_days: %s\n", e.what());
        return 1;
    }
}
