// The commands of chorus-aggregator. Each returns the exit code of the program.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/cache/redis_connection.h"
#include "aggregator/health/service_config.h"
#include "aggregator/notify/channels.h"
#include "aggregator/postgres/database.h"
#include "common/settings/settings.h"

namespace chorus::cli {

// The arguments without the program's name and the command.
using Arguments = std::vector<std::string>;

// The options that describe a token, by their names ("--role"). They are no settings, so they are
// taken out before the settings are read.
using TokenOptions = std::map<std::string, std::string>;
// Throws UsageError if an option has no value or occurs twice.
TokenOptions take_token_options(Arguments& arguments);
// token create|rotate|list|revoke. Throws UsageError before it asks the database.
int token(const Config& config, const Arguments& what, const TokenOptions& options);

// sign-in-link. Throws UsageError before it asks the database.
int sign_in_link(const Config& config, const TokenOptions& options);

int serve(const Config& config);                         // HTTP server and tasks
int routes(const Config& config);                        // the table of routes, for tests
int migrate(const Config& config);                       // migrate
int check(const Config& config, const Arguments& what);  // check db|redis|config
int tasks(const Config& config, const Arguments& what);  // tasks [single [alerts]]

int notify_test(const Config& config, const Arguments& what);  // notify-test CHANNEL
int setup_db(const Config& config);                            // setup-db
int status(const Config& config);                              // status
// Plugins for Nagios. They print one line and return 0 good, 1 warning, 2 critical, 3 unknown.
int check_host(const Config& config, const Arguments& what);     // check-host HOST
int check_service(const Config& config, const Arguments& what);  // check-service NAME

// If the program runs as root, it goes on as the user of the service. It does so only if the
// database is on a socket where users are known by their system account, and if the URL names no
// other user.
void become_service_user(const Config& config);

// The text of --help, and of --help=all.
std::string help(bool all);

// Why a command cannot use the database at `place`, and what to do about it. One line.
std::string database_remedy(const store::DatabaseError& error);  // its last part alone
std::string database_trouble(const std::string& place, const store::DatabaseError& error);

// The same for Redis.
std::string redis_trouble(const cache::RedisUnavailable& error);

// The configured options of the database, for `sessions` users at a time.
store::DatabaseOptions database_options(const Config& config, int sessions);

// The services to check, and the addresses that checks may reach. Both throw std::invalid_argument
// if health-allow-addresses is wrong.
health::ServiceConfig checked_services(const Config& config);
net::AddressRules address_rules(const Config& config);
// The channels of the configuration. Adds their faults to `faults`.
notify::NotifySettings notify_settings(const Config& config, std::vector<std::string>& faults);

std::string own_hostname();

// Faults that lie in several settings together, such as a listener that strangers can reach, or a
// published password. Empty if all is well.
std::vector<std::string> check_config(const Config& config);

}  // namespace chorus::cli
