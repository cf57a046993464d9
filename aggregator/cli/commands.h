// The subcommands of chorus-aggregator. Each returns the exit code of the program.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/cache/redis_connection.h"
#include "aggregator/health/service_config.h"
#include "aggregator/notify/channels.h"
#include "aggregator/postgres/database.h"
#include "common/settings.h"

namespace chorus::cli {

// Arguments without the program's name and the subcommand.
using Arguments = std::vector<std::string>;

// What describes a token; no settings, so they are taken out before the settings are read. By the
// option's name: "--role".
using TokenOptions = std::map<std::string, std::string>;
// Throws UsageError if an option has no value or stands there twice.
TokenOptions take_token_options(Arguments& arguments);
// token create|rotate|list|revoke. Throws UsageError before the database is asked.
int token(const Config& config, const Arguments& what, const TokenOptions& options);

// sign-in-link. Throws UsageError before the database is asked.
int sign_in_link(const Config& config, const TokenOptions& options);

int serve(const Config& config);                         // HTTP server and tasks
int routes(const Config& config);                        // the table of routes, for tests
int migrate(const Config& config);                       // migrate
int check(const Config& config, const Arguments& what);  // check db|redis|config
int tasks(const Config& config, const Arguments& what);  // tasks [single [alerts]]

int notify_test(const Config& config, const Arguments& what);  // notify-test CHANNEL
int setup_db(const Config& config);                            // setup-db
int status(const Config& config);                              // status
// Plugins of Nagios: one line; 0 good, 1 warning, 2 critical, 3 unknown.
int check_host(const Config& config, const Arguments& what);     // check-host HOST
int check_service(const Config& config, const Arguments& what);  // check-service NAME

// As root, goes on as the user that the service runs as, if the database is on a socket where users
// are known by their system account, and nobody else is named in its URL.
void become_service_user(const Config& config);

// The text of --help, and of --help=all.
std::string help(bool all);

// What keeps a command from the database at `place`, and what to do about it; one line.
std::string database_remedy(const store::DatabaseError& error);  // its last part alone
std::string database_trouble(const std::string& place, const store::DatabaseError& error);

// The same for Redis.
std::string redis_trouble(const cache::RedisUnavailable& error);

// Options of the database as configured; for `sessions` users at a time.
store::DatabaseOptions database_options(const Config& config, int sessions);

// The services to check and the addresses that checks may reach. Both throw std::invalid_argument
// if health-allow-addresses is wrong.
health::ServiceConfig checked_services(const Config& config);
health::AddressRules address_rules(const Config& config);
// Channels and their ways; adds what is wrong to `faults`.
notify::NotifySettings notify_settings(const Config& config, std::vector<std::string>& faults);

std::string own_hostname();

// Faults of the configuration that no single setting has: listening where strangers can come,
// published passwords. Empty if all is well.
std::vector<std::string> check_config(const Config& config);

}  // namespace chorus::cli
