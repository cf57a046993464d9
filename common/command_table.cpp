#include "common/command_table.h"

namespace chorus {
namespace {

constexpr std::size_t kColumn = 22;  // where the sentences begin, after two blanks

std::string line(std::string left, const std::string& help) {
    if (left.size() >= kColumn) {
        return "  " + left + "\n  " + std::string(kColumn, ' ') + help + '\n';
    }
    left.resize(kColumn, ' ');
    return "  " + left + help + '\n';
}

}  // namespace

std::string commands_help(const std::vector<Command>& table) {
    std::string out;
    for (const Command& command : table) {
        out += line(command.name + (command.arguments.empty() ? "" : ' ' + command.arguments),
                    command.help);
    }
    return out;
}

std::string switches_help(const std::vector<Switch>& table) {
    std::string out;
    for (const Switch& one : table) {
        std::string left = "--" + one.name;
        if (!one.value.empty()) left += ' ' + one.value;
        if (one.letter != '\0') left += std::string(", -") + one.letter;
        out += line(left, one.help);
    }
    return out;
}

}  // namespace chorus
