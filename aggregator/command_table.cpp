#include "aggregator/command_table.h"

namespace chorus {

const std::vector<Command>& aggregator_commands() {
    static const std::vector<Command> table{
        {.name = "serve", .help = "run the server and its background tasks (the default)"},
        {.name = "status",
         .help = "say in words how everything does; exit 69 if something is wrong"},
        {.name = "setup-db",
         .help = "as root: make role and database in the PostgreSQL of this machine"},
        {.name = "migrate", .help = "bring the database schema up to date"},
        {.name = "check",
         .arguments = "db|redis|config",
         .help = "say whether it is reachable or valid; exit 0, 69 or 78",
         .words = {"db", "redis", "config"}},
        {.name = "token",
         .arguments = "create|rotate|list|revoke [ID]",
         .help = "manage API tokens; without more words it shows how",
         .words = {"create", "rotate", "list", "revoke"},
         .options = {"--role", "--name", "--uses", "--valid-hours", "--overlap-hours"},
         .hint = "  token create --role agent|viewer|operator|admin --name NAME\n"
                 "  token create --role enrol --name NAME [--uses N] [--valid-hours N]\n"
                 "  token rotate ID [--overlap-hours N]\n"
                 "  token list\n"
                 "  token revoke ID"},
        {.name = "sign-in-link",
         .help = "print a link that signs one tab of a browser in to the dashboard as admin, once, "
                 "within "
                 "10 minutes",
         .options = {"--name", "--valid-minutes"}},
        {.name = "tasks",
         .arguments = "[single [alerts]]",
         .help = "run the background tasks alone, without the API; single: collect, store and "
                 "print this machine's figures once; single alerts: check services and rules once",
         .words = {"single", "alerts"}},
        {.name = "notify-test",
         .arguments = "CHANNEL",
         .help = "send a test notification to one channel; exit 0 or 69"},
        {.name = "check-host",
         .arguments = "HOST",
         .help = "one line on a host for Nagios and the like; exit 0, 1, 2 or 3"},
        {.name = "check-service",
         .arguments = "NAME",
         .help = "one line on a checked service for Nagios and the like; exit 0, 1, 2 or 3"},
        {.name = "routes", .help = "print every HTTP route and the role that it needs"},
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
        {.name = "help",
         .letter = 'h',
         .help = "print this and exit; all: with every setting",
         .word = "all"},
    };
    return table;
}

}  // namespace chorus
