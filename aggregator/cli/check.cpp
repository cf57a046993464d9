// chorus-aggregator check db|redis|config: one line of answer for people and scripts.
#include <iostream>
#include <string>

#include "aggregator/cache/redis_connection.h"
#include "aggregator/cli/commands.h"
#include "aggregator/history/status_reader.h"
#include "common/settings/exit_codes.h"
#include "common/text.h"

namespace chorus::cli {
namespace {

int check_db(const Config& config) {
    store::Database database{database_options(config, 1)};
    try {
        store::ping(database);
        const auto durability = store::read_durability(database);
        for (const auto& fault : durability.faults) {
            std::cout << "warning: " << fault << "; committed data may be lost with the power\n";
        }
        std::cout << "PostgreSQL at " << database.describe() << " answers\n";
        return to_int(ExitCode::ok);
    } catch (const store::DatabaseError& e) {
        std::cerr << database_trouble("PostgreSQL at " + database.describe(), e) << '\n';
        return to_int(ExitCode::unavailable);
    }
}

int check_redis(const Config& config) {
    const auto target = cache::parse_redis_url(config.text("redis-url"));
    try {
        cache::RedisConnection redis{target, std::chrono::milliseconds{2'000}};
        redis.command({"PING"});
        std::cout << "Redis at " << target.description << " answers\n";
        return to_int(ExitCode::ok);
    } catch (const cache::RedisUnavailable& e) {
        std::cerr << "Redis at " << target.description << ": " << redis_trouble(e) << '\n';
        return to_int(ExitCode::unavailable);
    }
}

}  // namespace

std::string redis_trouble(const cache::RedisUnavailable& error) {
    const std::string reason{trim(error.what())};
    const bool password = reason.starts_with("NOAUTH") || reason.starts_with("WRONGPASS") ||
                          reason.starts_with("ERR AUTH");
    return reason +
           (password ? "; the user or password in redis-url is not accepted"
                     : "; is it running there, and does redis-url say where it is?") +
           " Until then latest values come from PostgreSQL";
}

int check(const Config& config, const Arguments& what) {
    if (what[0] == "db") return check_db(config);
    if (what[0] == "redis") return check_redis(config);
    std::cout << "The configuration is valid\n";  // main has refused any other
    return to_int(ExitCode::ok);
}

}  // namespace chorus::cli
