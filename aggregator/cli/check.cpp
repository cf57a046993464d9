// chorus-aggregator check db|redis|config: one line of answer for people and scripts.
#include <cstdio>
#include <string>

#include "aggregator/cache/redis_connection.h"
#include "aggregator/cli/commands.h"
#include "aggregator/store/status_reader.h"
#include "common/exit_codes.h"

namespace chorus::cli {
namespace {

int check_db(const Config& config) {
    store::Database database{database_options(config, 1)};
    try {
        store::ping(database);
        const auto durability = store::read_durability(database);
        for (const auto& fault : durability.faults) {
            std::printf("warning: %s; committed data may be lost with the power\n", fault.c_str());
        }
        std::printf("PostgreSQL at %s answers\n", database.describe().c_str());
        return to_int(ExitCode::ok);
    } catch (const store::DatabaseError& e) {
        std::fprintf(stderr, "PostgreSQL at %s: %s\n", database.describe().c_str(), e.what());
        return to_int(ExitCode::unavailable);
    }
}

int check_redis(const Config& config) {
    const auto target = cache::parse_redis_url(config.text("redis-url"));
    try {
        cache::RedisConnection redis{target, std::chrono::milliseconds{2'000}};
        redis.command({"PING"});
        std::printf("Redis at %s answers\n", target.description.c_str());
        return to_int(ExitCode::ok);
    } catch (const cache::RedisUnavailable& e) {
        std::fprintf(stderr, "Redis at %s: %s\n", target.description.c_str(), e.what());
        return to_int(ExitCode::unavailable);
    }
}

}  // namespace

int check(const Config& config, const Arguments& what) {
    if (what.size() == 1 && what[0] == "db") return check_db(config);
    if (what.size() == 1 && what[0] == "redis") return check_redis(config);
    if (what.size() == 1 && what[0] == "config") {
        std::puts("The configuration is valid");  // main has refused any other
        return to_int(ExitCode::ok);
    }
    std::fputs("usage: chorus-aggregator check db|redis|config\n", stderr);
    return to_int(ExitCode::usage);
}

}  // namespace chorus::cli
