// Text for people and shells, written from a program's tables.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/settings/command_table.h"
#include "common/settings/settings.h"

namespace chorus::docgen {

struct Program {
    std::string name;  // "chorus-agent"
    const std::vector<Command>& commands;
    const std::vector<Switch>& switches;
    const std::vector<Setting>& settings;
};

// The option that a setting is: "--port", and "--agent-token-file" for a secret that must not be on
// a command line.
std::string option_of(const Setting& setting);
// Whether the option takes a value that must follow.
bool takes_value(const Setting& setting);

// A page of mdoc(7) with its lines @COMMANDS@, @SWITCHES@, @OPTIONS@ (settings as options) and
// @KEYS@ (settings as lines of the config file) replaced.
std::string fill_manual(const Program& program, std::string_view page);

// The page of all settings of both programs, in Markdown.
std::string settings_page(const Program& agent, const Program& aggregator);

// C++ that tells the other program which environment names this one has.
std::string environment_names(const Program& program);

std::string bash_completion(const Program& program);
std::string zsh_completion(const Program& program);
std::string fish_completion(const Program& program);

}  // namespace chorus::docgen
