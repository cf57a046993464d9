#include "common/settings/command_table.h"

#include <algorithm>

#include "common/text.h"

namespace chorus {
namespace {

constexpr std::size_t kColumn = 22;  // where the sentences begin, after two blanks

std::vector<std::string> names_of(const std::vector<Command>& table) {
    std::vector<std::string> names;
    for (const Command& command : table) names.push_back(command.name);
    return names;
}

// A token that stands in the wrong place is not repeated.
std::string shown(const std::string& word) {
    return word.starts_with("chr_") ? "***" : word;
}

// "[single" and "[alerts]]" may be left out.
bool is_optional(std::string_view argument) {
    return argument.starts_with('[');
}

}  // namespace

std::string help_line(std::string left, const std::string& help) {
    if (left.size() >= kColumn) {
        return "  " + left + "\n  " + std::string(kColumn, ' ') + help + '\n';
    }
    left.resize(kColumn, ' ');
    return "  " + left + help + '\n';
}

std::string usage_of(std::string_view program, const Command& command) {
    std::string text = "usage: " + std::string(program) + ' ' + command.name;
    if (!command.arguments.empty()) text += ' ' + command.arguments;
    return command.hint.empty() ? text : text + '\n' + command.hint;
}

const Command& find_command(std::string_view program, const std::vector<Command>& table,
                            const std::string& name) {
    const auto found = std::find_if(table.begin(), table.end(),
                                    [&](const Command& command) { return command.name == name; });
    if (found != table.end()) return *found;
    throw UsageError("there is no command " + shown(name) +
                     did_you_mean(name, names_of(table),
                                  "`" + std::string(program) + " --help` lists them all"));
}

void check_words(std::string_view program, const Command& command,
                 const std::vector<std::string>& given) {
    const auto arguments =
        command.arguments.empty() ? std::vector<std::string_view>{} : split(command.arguments, ' ');
    const auto least = static_cast<std::size_t>(
        std::count_if(arguments.begin(), arguments.end(),
                      [](std::string_view argument) { return !is_optional(argument); }));
    const auto refuse = [&](const std::string& what) {
        throw UsageError(what + '\n' + usage_of(program, command));
    };
    const auto& known = command.words;
    if (!given.empty() && !known.empty() &&
        std::find(known.begin(), known.end(), given[0]) == known.end()) {
        refuse(command.name + ' ' + shown(given[0]) + " is unknown" +
               did_you_mean(given[0], known, "it takes " + joined(known, ", ")));
    }
    if (given.size() < least) {
        refuse(command.name + " needs " + (given.empty() ? "" : "also ") +
               std::string(arguments[given.size()]));
    }
    if (given.size() > arguments.size()) {
        refuse(command.name + (arguments.empty() ? " takes no argument" : " takes no more") +
               ", but " + shown(given[arguments.size()]) + " was given");
    }
}

std::string commands_help(const std::vector<Command>& table) {
    std::string out;
    for (const Command& command : table) {
        out += help_line(command.name + (command.arguments.empty() ? "" : ' ' + command.arguments),
                         command.help);
    }
    return out;
}

std::string switches_help(const std::vector<Switch>& table) {
    std::string out;
    for (const Switch& one : table) {
        std::string left = "--" + one.name;
        if (!one.value.empty()) left += ' ' + one.value;
        if (!one.word.empty()) left += "[=" + one.word + ']';
        if (one.letter != '\0') left += std::string(", -") + one.letter;
        out += help_line(left, one.help);
    }
    return out;
}

}  // namespace chorus
