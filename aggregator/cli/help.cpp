#include "aggregator/cli/commands.h"
#include "aggregator/command_table.h"
#include "aggregator/settings_table.h"

namespace chorus::cli {

std::string help(bool all) {
    return "chorus-aggregator " CHORUS_VERSION
           ": receives, stores and serves what agents collect.\n"
           "\n"
           "usage: chorus-aggregator [COMMAND] [OPTIONS]\n"
           "\n"
           "Commands:\n" +
           commands_help(aggregator_commands()) + "\nOptions:\n" +
           switches_help(aggregator_switches()) +
           "\nSettings (flag > environment > .env > config file > default):\n" +
           (all ? settings_help(aggregator_settings()) : everyday_help(aggregator_settings()));
}

}  // namespace chorus::cli
