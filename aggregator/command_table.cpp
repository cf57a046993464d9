#include "aggregator/command_table.h"

namespace chorus {

const std::vector<Command>& aggregator_commands() {
    static const std::vector<Command> table{
        {.name = "serve", .help = "run the server and its background tasks (the default)"},
        {.name = "migrate", .help = "bring the database schema up to date"},
        {.name = "check",
         .arguments = "db|redis|config",
         .help = "say whether it is reachable or valid; exit 0, 69 or 78",
         .words = {"db", "redis", "config"}},
        {.name = "token",
         .arguments = "create|list|revoke",
         .help = "manage API tokens",
         .words = {"create", "list", "revoke"},
         .options = {"--role", "--name"}},
        {.name = "tasks",
         .arguments = "[single]",
         .help = "run the background tasks alone, without the API; single: collect, store and "
                 "print this machine's figures once",
         .words = {"single"}},
        {.name = "notify-test",
         .arguments = "CHANNEL",
         .help = "send a test notification to one channel; exit 0 or 69"},
        {.name = "quickstart",
         .help = "run everything with a private PostgreSQL and Redis",
         .options = {"--data-dir", "--port", "--listen", "--no-agent"}},
    };
    return table;
}

const std::vector<Switch>& aggregator_switches() {
    static const std::vector<Switch> table{
        {.name = "config",
         .value = "FILE",
         .help = "config file (default /etc/chorus/aggregator.conf if it exists)"},
        {.name = "check-config", .help = "check the configuration and exit"},
        {.name = "print-config", .help = "print every setting with its origin and exit"},
        {.name = "example-config", .help = "print a commented config file and exit"},
        {.name = "version", .letter = 'V', .help = "print the version and exit"},
        {.name = "help", .letter = 'h', .help = "print this and exit"},
    };
    return table;
}

}  // namespace chorus
