#include "aggregator/cli/commands.h"
#include "aggregator/settings_table.h"

namespace chorus::cli {

std::string help() {
    return "chorus-aggregator " CHORUS_VERSION
           ": receives, stores and serves what agents collect.\n"
           "\n"
           "usage: chorus-aggregator [COMMAND] [OPTIONS]\n"
           "\n"
           "Commands:\n"
           "  serve                 run the server and its background tasks (the default)\n"
           "  migrate               bring the database schema up to date\n"
           "  check db|redis|config say whether it is reachable or valid; exit 0, 69 or 78\n"
           "  token create|list|revoke\n"
           "                        manage API tokens\n"
           "  tasks                 run the background tasks alone, without the API\n"
           "  tasks single          collect, store and print this machine's figures once\n"
           "  quickstart            run everything with a private PostgreSQL and Redis\n"
           "\n"
           "Options:\n"
           "  --config FILE         config file (default /etc/chorus/aggregator.conf if it "
           "exists)\n"
           "  --check-config        check the configuration and exit\n"
           "  --print-config        print every setting with its origin and exit\n"
           "  --example-config      print a commented config file and exit\n"
           "  --version, -V         print the version and exit\n"
           "  --help, -h            print this and exit\n"
           "\n"
           "Settings (flag > environment > .env > config file > default):\n" +
           settings_help(aggregator_settings());
}

}  // namespace chorus::cli
