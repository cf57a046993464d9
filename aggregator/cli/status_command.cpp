// chorus-aggregator status: what is well and what is wrong, in words, with the remedy.
#include <cstdio>

#include "aggregator/alert_store/alert_stats.h"
#include "aggregator/alert_store/alert_types.h"
#include "aggregator/cache/redis_connection.h"
#include "aggregator/cli/commands.h"
#include "aggregator/cli/watchdog.h"
#include "aggregator/history/host_reader.h"
#include "aggregator/history/status_reader.h"
#include "aggregator/schema/migrator.h"
#include "common/settings/exit_codes.h"

namespace chorus::cli {
namespace {

constexpr std::chrono::seconds kAnswer{3};
constexpr std::size_t kMostHostsShown = 10;

void print(const char* word, const char* what, const std::string& text) {
    std::printf("%-4s %-11s %s\n", word, what, text.c_str());
}

// One line; answers whether all is well.
bool line(bool good, const char* what, const std::string& text) {
    print(good ? "ok" : "BAD", what, text);
    return good;
}

bool show_server(const Config& config) {
    const std::string& listen = config.text("listen");
    const auto port = static_cast<std::uint16_t>(config.integer("port"));
    const std::string place = listen + ':' + std::to_string(port);
    if (answers_itself(listen, port, kAnswer)) return line(true, "server", "answers at " + place);
    return line(
        false, "server",
        "nobody answers at " + place +
            "; see `systemctl status chorus-aggregator`, `journalctl -u chorus-aggregator`");
}

bool show_schema(store::Database& database) {
    int pending = 0, newest = 0;
    for (const auto& step : store::Migrator{database}.status()) {
        if (step.applied_at) newest = step.version;
        if (!step.applied_at) ++pending;
    }
    if (pending == 0) return line(true, "schema", "up to date, version " + std::to_string(newest));
    return line(
        false, "schema",
        std::to_string(pending) + " migrations are not applied; start the server or run `migrate`");
}

bool show_hosts(store::Database& database) {
    const SystemClock clock;
    std::size_t up = 0, shown = 0;
    const auto hosts = store::HostReader{database, clock}.list();
    for (const auto& host : hosts) {
        if (host.status == store::HostStatus::up) ++up;
    }
    bool good = line(up == hosts.size() && up > 0, "hosts",
                     hosts.empty()
                         ? "none has reported yet; on each: `chorus-agent enroll URL TOKEN`"
                         : std::to_string(up) + " of " + std::to_string(hosts.size()) + " report");
    for (const auto& host : hosts) {
        if (host.status == store::HostStatus::up || ++shown > kMostHostsShown) continue;
        line(false, "",
             host.hostname + " is " + std::string(to_string(host.status)) + ", last heard of " +
                 format_timestamp(host.last_seen) + "; on it: `chorus-agent status`");
    }
    return good;
}

// Alerts tell of hosts and services, not of this program: they do not make the command fail.
void show_alerts(store::Database& database) {
    const auto stats = store::read_alert_stats(database);
    if (stats.active == 0) {
        print("ok", "alerts", "none is active");
        return;
    }
    std::string text = std::to_string(stats.active) + " active: ";
    const char* word = "WARN";
    for (std::size_t i = 0; i < store::kSeverities.size(); ++i) {
        const auto count = stats.active_by_severity[i];
        if (count == 0) continue;
        if (store::kSeverities[i] <= store::Severity::high) word = "BAD";
        if (text.back() != ' ') text += ", ";
        text += std::to_string(count) + ' ' + std::string(to_string(store::kSeverities[i]));
    }
    print(word, "alerts", text + "; see the dashboard, /ui/#/alerts");
}

bool show_database(const Config& config) {
    store::Database database{database_options(config, 1)};
    try {
        store::ping(database);
        line(true, "PostgreSQL", database.describe() + " answers");
        bool good = show_schema(database);
        const auto durability = store::read_durability(database);
        for (const auto& fault : durability.faults) {
            good = line(false, "durability", fault + "; committed data may be lost with the power");
        }
        if (!good) return false;
        good = show_hosts(database);
        show_alerts(database);
        return good;
    } catch (const store::SchemaMismatch& e) {
        return line(false, "schema", e.what());
    } catch (const store::DatabaseUnavailable& e) {
        return line(false, "PostgreSQL", database_trouble(database.describe(), e));
    }
}

bool show_redis(const Config& config) {
    const auto target = cache::parse_redis_url(config.text("redis-url"));
    try {
        cache::RedisConnection redis{target, kAnswer};
        redis.command({"PING"});
        return line(true, "Redis", target.description + " answers");
    } catch (const cache::RedisUnavailable& e) {
        return line(false, "Redis", target.description + ": " + redis_trouble(e));
    }
}

}  // namespace

int status(const Config& config) {
    bool good = line(true, "program", "chorus-aggregator " CHORUS_VERSION);
    good = show_server(config) && good;
    good = show_redis(config) && good;
    good = show_database(config) && good;
    return to_int(good ? ExitCode::ok : ExitCode::unavailable);
}

}  // namespace chorus::cli
