// The subcommands of chorus-aggregator. Each returns the exit code of the program.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "aggregator/health/service_config.h"
#include "aggregator/notify/channels.h"
#include "aggregator/store/database.h"
#include "common/settings.h"

namespace chorus::cli {

// Arguments without the program's name and the subcommand.
using Arguments = std::vector<std::string>;

// What describes a new token; no settings, so they are taken out before the settings are read.
struct TokenOptions {
    std::optional<std::string> role;
    std::optional<std::string> name;
    std::optional<std::string> uses, valid_hours;  // of an enrolment token
    std::optional<std::string> overlap_hours;      // of rotate
};
TokenOptions take_token_options(Arguments& arguments);
// token create|rotate|list|revoke
int token(const Config& config, const Arguments& what, const TokenOptions& options);

int serve(const Config& config);                         // HTTP server and tasks
int routes(const Config& config);                        // the table of routes, for tests
int migrate(const Config& config);                       // migrate
int check(const Config& config, const Arguments& what);  // check db|redis|config
int tasks(const Config& config, const Arguments& what);  // tasks [single [alerts]]

int notify_test(const Config& config, const Arguments& what);  // notify-test CHANNEL
int setup_db(const Config& config, const Arguments& what);     // setup-db
int status(const Config& config);                              // status
// Plugins of Nagios: one line; 0 good, 1 warning, 2 critical, 3 unknown.
int check_host(const Config& config, const Arguments& what);     // check-host HOST
int check_service(const Config& config, const Arguments& what);  // check-service NAME

// As root, goes on as the user that the service runs as, if the database is on a socket where users
// are known by their system account, and nobody else is named in its URL.
void become_service_user(const Config& config);

// The text of --help.
std::string help();

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
