#include "agent/command_table.h"

namespace chorus::agent {

const std::vector<Command>& agent_commands() {
    static const std::vector<Command> table{
        {.name = "enroll",
         .arguments = "URL TOKEN",
         .help = "as root: fetch this host's own token with an enrolment token (- reads it from "
                 "standard input) and write the configuration",
         .hint = "  for example: chorus-agent enroll https://monitor.example:8443 chr_enrol_...\n"
                 "An administrator makes the token on the aggregator's host with\n"
                 "  chorus-aggregator token create --role enrol --name HOST"},
        {.name = "status",
         .help = "say in words whether this host's data arrives; exit 69 if it does not"},
        {.name = "spool", .help = "print what waits on disk for the aggregator"},
    };
    return table;
}

const std::vector<Switch>& agent_switches() {
    static const std::vector<Switch> table{
        {.name = "once", .help = "send one batch and exit: 0 stored, 69 aggregator away"},
        {.name = "test", .help = "print one batch as JSON, send nothing"},
        {.name = "check-config", .help = "check the configuration: 0 good, 78 bad"},
        {.name = "print-config", .help = "print the configuration and where each value came from"},
        {.name = "example-config", .help = "print a commented config file"},
        {.name = "config", .value = "FILE", .help = "read FILE instead of /etc/chorus/agent.conf"},
        {.name = "version", .letter = 'V', .help = "print the version"},
        {.name = "help",
         .letter = 'h',
         .help = "print this and exit; all: with every setting",
         .word = "all"},
    };
    return table;
}

}  // namespace chorus::agent
