// chorus-docgen agent|aggregator bash|zsh|fish
// chorus-docgen agent|aggregator manual PAGE
// chorus-docgen agent|aggregator config [NAME=VALUE]...
// chorus-docgen agent|aggregator names
// chorus-docgen settings
//
// Writes to standard output. `config` is the example file with these settings in force.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

#include "agent/command_table.h"
#include "agent/settings_table.h"
#include "aggregator/command_table.h"
#include "aggregator/settings_table.h"
#include "common/settings/exit_codes.h"
#include "packaging/docgen/docgen.h"

namespace {

using namespace chorus;

// The example file with `name = value` in place of the commented default.
std::string packaged_config(const docgen::Program& program, const std::vector<std::string>& set) {
    std::istringstream in{example_config(program.settings, program.name)};
    std::string out;
    for (std::string line; std::getline(in, line);) {
        for (const std::string& assignment : set) {
            const std::string name = assignment.substr(0, assignment.find('='));
            if (line.starts_with('#' + name + " =")) {
                line = name + " = " + assignment.substr(name.size() + 1);
            }
        }
        out += line + '\n';
    }
    return out;
}

int run(const docgen::Program& program, const std::string& form,
        const std::vector<std::string>& rest) {
    std::string text;
    if (form == "bash") {
        text = docgen::bash_completion(program);
    } else if (form == "zsh") {
        text = docgen::zsh_completion(program);
    } else if (form == "fish") {
        text = docgen::fish_completion(program);
    } else if (form == "names") {
        text = docgen::environment_names(program);
    } else if (form == "config") {
        text = packaged_config(program, rest);
    } else if (form == "manual" && rest.size() == 1) {
        std::ifstream in(rest[0]);
        std::ostringstream page;
        page << in.rdbuf();
        if (!in) return to_int(ExitCode::io_error);
        text = docgen::fill_manual(program, page.str());
    } else {
        return to_int(ExitCode::usage);
    }
    std::cout << text << std::flush;
    return to_int(std::cout ? ExitCode::ok : ExitCode::io_error);
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    const docgen::Program agent{"chorus-agent", agent::agent_commands(), agent::agent_switches(),
                                agent::agent_settings()};
    const docgen::Program aggregator{"chorus-aggregator", aggregator_commands(),
                                     aggregator_switches(), aggregator_settings()};
    if (words == std::vector<std::string>{"settings"}) {
        std::cout << docgen::settings_page(agent, aggregator) << std::flush;
        return to_int(std::cout ? ExitCode::ok : ExitCode::io_error);
    }
    if (words.size() < 2) return to_int(ExitCode::usage);
    const std::vector<std::string> rest(words.begin() + 2, words.end());
    if (words[0] == "agent") return run(agent, words[1], rest);
    if (words[0] == "aggregator") return run(aggregator, words[1], rest);
    return to_int(ExitCode::usage);
}
