// Rounds of alert rules, a minute apart: `alert_round DATABASE_URL HOSTS RULES WINDOW_MINUTES`
// makes that many hosts with 115 metrics each every 30 s, evaluates and prints as JSON what the
// first round and those after it take. One host in a hundred is over every threshold.
#include <libpq-fe.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "aggregator/alert_store/rule_store.h"
#include "aggregator/alerts/engine.h"
#include "aggregator/postgres/database.h"
#include "aggregator/schema/lease.h"
#include "aggregator/schema/migrator.h"
#include "common/json_writer.h"
#include "tests/bench/cpu_time.h"

namespace {

using namespace chorus;
using Seconds = std::chrono::duration<double>;
constexpr int kRounds = 5;

void fill(store::Session& session, int hosts, int minutes) {
    const std::string count = std::to_string(hosts), length = std::to_string(minutes + kRounds + 2);
    session.execute_script(
        "INSERT INTO monitoring.hosts (hostname) SELECT 'h' || i FROM generate_series(1, " + count +
        ") i;"
        "INSERT INTO monitoring.layouts (digest) VALUES (sha256('bench'));"
        "INSERT INTO monitoring.layout_entries (layout_id, position, metric_type, label, unit)"
        " SELECT layout_id, p, 'metric_' || p, '', 'count'"
        " FROM monitoring.layouts, generate_series(1, 115) p;"
        "SELECT monitoring.ensure_partitions((now() - interval '2 days')::date,"
        " (now() + interval '1 day')::date);"
        "CREATE TABLE pool AS SELECT n, array_agg(random() * CASE n WHEN 0 THEN 1000 ELSE 50 END)"
        " AS v FROM generate_series(0, 999) n, generate_series(1, 115) GROUP BY n;"
        "INSERT INTO monitoring.system_batches"
        " SELECT t, t, 0, h.host_id, l.layout_id, pool.v"
        " FROM generate_series(now() - interval '" +
        length +
        " minutes', now() - interval '1 s', '30 s') AS t, monitoring.hosts h, monitoring.layouts l,"
        " pool WHERE pool.n = h.host_id % 1000 ORDER BY t, h.host_id;");
    session.execute_script("VACUUM ANALYZE");
}

void add_rules(store::Session& session, int count, int window) {
    for (int i = 0; i < count; ++i) {
        store::RuleRow rule;
        rule.name = "rule " + std::to_string(i);
        rule.rule_type = "system_metric";
        rule.severity = "high";
        rule.condition_json = R"({"metric_type":"metric_)" + std::to_string(i % 115 + 1) +
                              R"(","operator":">","threshold":80,"time_window_minutes":)" +
                              std::to_string(window) + "}";
        store::insert_rule(session, rule);
    }
}

int statements_of(store::Database& database, auto&& work) {
    const std::unique_ptr<FILE, int (*)(FILE*)> trace{std::tmpfile(), &std::fclose};
    PQtrace(database.acquire()->native(), trace.get());
    work();
    PQuntrace(database.acquire()->native());
    std::rewind(trace.get());
    std::vector<char> line(1U << 20U);
    int executed = 0;
    while (std::fgets(line.data(), static_cast<int>(line.size()), trace.get()) != nullptr) {
        executed += std::string_view{line.data()}.find("\tExecute\t") != std::string_view::npos;
    }
    return executed;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) {
        std::fputs("usage: alert_round DATABASE_URL HOSTS RULES WINDOW_MINUTES\n", stderr);
        return 64;
    }
    const int hosts = std::atoi(argv[2]), rules = std::atoi(argv[3]), window = std::atoi(argv[4]);
    store::DatabaseOptions options;
    options.url = argv[1];
    options.sessions = 2;
    options.statement_timeout = std::chrono::milliseconds{0};
    store::Database database{options};
    store::Migrator{database}.apply();
    fill(*database.acquire(), hosts, window);
    add_rules(*database.acquire(), rules, window);
    const auto epoch = store::take_lease(*database.acquire(), "bench", std::chrono::minutes{60});
    if (!epoch) return 1;
    // Rounds a minute apart, the last one about now.
    ManualClock clock{SystemClock{}.now() - std::chrono::minutes{kRounds + 1}};
    const SystemClock watch;
    MetricsRegistry metrics;
    alerts::Engine engine{database, clock, {}, metrics};
    const auto backend = database.acquire()->execute_once("SELECT pg_backend_pid()")[0].int4(0);
    std::vector<double> seconds, cpu;
    alerts::RoundResult result;
    std::size_t created = 0;
    for (int i = 0; i < kRounds; ++i) {
        const auto from = watch.steady();
        const double cpu_before = bench::cpu_seconds(backend) + bench::cpu_seconds(getpid());
        result = engine.round(*epoch);
        created += result.created.size();
        seconds.push_back(Seconds(watch.steady() - from).count());
        cpu.push_back(bench::cpu_seconds(backend) + bench::cpu_seconds(getpid()) - cpu_before);
        clock.advance(std::chrono::minutes{1});
    }
    const int statements = statements_of(database, [&] { engine.round(*epoch); });
    const double first = seconds.front();
    std::sort(seconds.begin() + 1, seconds.end());
    std::sort(cpu.begin() + 1, cpu.end());
    JsonWriter out;
    out.begin_object()
        .field("hosts", hosts)
        .field("rules", result.rules)
        .field("subjects", result.subjects)
        .field("alerts_created", created)
        .field("first_round_seconds", first)
        .field("round_seconds", seconds[seconds.size() / 2])
        .field("round_cpu_seconds", cpu[cpu.size() / 2])
        .field("statements", statements)
        .end_object();
    std::puts(out.text().c_str());
    return 0;
}
