// What a program can be told besides its settings: one table of commands and one of switches, from
// which --help, the manual and the shells' completions derive.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace chorus {

// One command, the first word of a command line.
struct Command {
    std::string name;                    // "token"
    std::string arguments{};             // as shown: "create|list|revoke"
    std::string help{};                  // one sentence without a full stop
    std::vector<std::string> words{};    // what a shell may complete after it: "create"
    std::vector<std::string> options{};  // options of this command alone: "--role"
};

// An option that is no setting.
struct Switch {
    std::string name;     // "version"
    char letter = '\0';   // 'V', '\0' = none
    std::string value{};  // placeholder of its value, empty = takes none
    std::string help{};   // one sentence without a full stop
};

// The lines of --help.
std::string commands_help(const std::vector<Command>& table);
std::string switches_help(const std::vector<Switch>& table);

}  // namespace chorus
