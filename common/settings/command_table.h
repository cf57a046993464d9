// What a program can be told besides its settings: one table of commands and one of switches, from
// which --help, the manual and the shells' completions derive.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace chorus {

// One command, the first word of a command line.
struct Command {
    std::string name;                    // "token"
    std::string arguments{};             // as shown, parted by blanks: "URL TOKEN", "[single]"
    std::string help{};                  // one sentence without a full stop
    std::vector<std::string> words{};    // what a shell may complete after it: "create"
    std::vector<std::string> options{};  // options of this command alone: "--role"
    std::string hint{};                  // lines shown below the usage when it is used wrongly
};

// An option that is no setting.
struct Switch {
    std::string name;     // "version"
    char letter = '\0';   // 'V', '\0' = none
    std::string value{};  // placeholder of its value, empty = takes none
    std::string help{};   // one sentence without a full stop
    std::string word{};   // a value that may follow after "=": "all"
};

// A command line that cannot be understood. what() tells what is wrong and what is right, in lines
// without a final line feed.
class UsageError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// "usage: chorus-agent enroll URL TOKEN" and the command's hint.
std::string usage_of(std::string_view program, const Command& command);

// The command of that name. Throws UsageError with the nearest name if there is none.
const Command& find_command(std::string_view program, const std::vector<Command>& table,
                            const std::string& name);

// Holds the words that follow a command against its `arguments` and `words`. Throws UsageError.
void check_words(std::string_view program, const Command& command,
                 const std::vector<std::string>& given);

// One line of --help, or two if the left part is wide.
std::string help_line(std::string left, const std::string& help);
// The lines of --help.
std::string commands_help(const std::vector<Command>& table);
std::string switches_help(const std::vector<Switch>& table);

}  // namespace chorus
