#include <sstream>

#include "packaging/docgen/docgen.h"

namespace chorus::docgen {
namespace {

// Text in a cell: a bar would begin the next one, an angle bracket an element of HTML.
std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '|') out += '\\';
        if (c == '<') {
            out += "&lt;";
        } else {
            out += c;
        }
    }
    return out;
}

std::string number(double value) {
    std::ostringstream out;
    out.precision(15);
    out << value;
    return out.str();
}

std::string allowed(const Setting& setting) {
    if (!setting.choices.empty()) {
        std::string out;
        for (const std::string& choice : setting.choices) {
            out += (out.empty() ? "" : ", ") + (choice.empty() ? "empty" : '`' + choice + '`');
        }
        return out;
    }
    if (setting.minimum && setting.maximum) {
        return number(*setting.minimum) + " to " + number(*setting.maximum);
    }
    if (setting.minimum) return "at least " + number(*setting.minimum);
    if (setting.maximum) return "at most " + number(*setting.maximum);
    return setting.type == SettingType::boolean ? "`true`, `false`" : "";
}

std::string table(const Program& program) {
    std::string out = "## " + program.name +
                      "\n\n| option | environment | default | allowed | meaning |\n"
                      "|---|---|---|---|---|\n";
    for (const Setting& setting : program.settings) {
        const bool as_named = option_of(setting) == "--" + setting.name;
        const std::string own = chorus_environment_name(setting);
        out += "| `" + option_of(setting) + "` | `" + own + '`';
        if (setting.secret) out += " or `" + own + "_FILE`";
        if (!setting.environment.empty()) out += " or `" + setting.environment + '`';
        out += " | ";
        if (as_named && !setting.default_value.empty() && !setting.secret) {
            out += '`' + cell(setting.default_value) + '`';
        }
        out += " | " + cell(allowed(setting)) + " | " + cell(setting.help) + " |\n";
    }
    return out;
}

}  // namespace

std::string settings_page(const Program& agent, const Program& aggregator) {
    return "# All settings\n\n"
           "This page is made by `chorus-docgen settings` from the tables of settings of both "
           "programs. Do not edit it.\n\n"
           "A setting comes from a flag, the environment, `.env`, a config file, or its default. "
           "The first of these that has it wins. In a config file an option is a line without "
           "the hyphens: `name = value`. Files `NAME.conf.d/*.conf` beside `NAME.conf` win over "
           "it.\n\n"
           "`--check-config` finds mistakes. `--print-config` shows every value and where it "
           "came from. `--example-config` prints a commented file. A secret is never printed; "
           "`NAME_FILE` names a file that holds it.\n\n" +
           table(aggregator) + '\n' + table(agent);
}

}  // namespace chorus::docgen
