#include <sstream>

#include "packaging/docgen/docgen.h"

namespace chorus::docgen {
namespace {

constexpr std::size_t kLine = 78;  // mandoc's lint wants less than 80

// Characters that roff would take for its own.
std::string escaped(std::string_view text) {
    std::string out;
    bool open = false;
    for (const char c : text) {
        if (c == '\\') {
            out += "\\e";
        } else if (c == '`') {
            out += open ? "\\(cq" : "\\(oq";
            open = !open;
        } else if (c == '-') {
            out += "\\-";
        } else {
            out += c;
        }
    }
    return out;
}

bool ends_sentence(std::string_view word) {
    return word.size() > 1 && (word.back() == '.' || word.back() == '!' || word.back() == '?');
}

// Text in short lines, each sentence on a new one.
std::string lines(std::string_view text) {
    std::string out, line;
    std::istringstream words{std::string(text)};
    const auto finish = [&] {
        if (line.empty()) return;
        if (line.front() == '.' || line.front() == '\'') out += "\\&";
        out += line + '\n';
        line.clear();
    };
    for (std::string word; words >> word;) {
        const std::string safe = escaped(word);
        if (!line.empty() && line.size() + 1 + safe.size() > kLine) finish();
        line += (line.empty() ? "" : " ") + safe;
        if (ends_sentence(word)) finish();
    }
    finish();
    return out;
}

std::string sentence(std::string text) {
    if (text.empty()) return text;
    text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
    if (text.back() != '.') text += '.';
    return text;
}

std::string flag(std::string_view option) {
    return "Fl " + escaped(option.substr(1));  // .Fl writes the first hyphen
}

std::string placeholder(const Setting& setting) {
    if (option_of(setting) != "--" + setting.name) return "Ar path";
    switch (setting.type) {
        case SettingType::integer:
        case SettingType::number:
            return "Ar number";
        case SettingType::boolean:
            return "Cm true | false";
        case SettingType::duration_seconds:
            return "Ar duration";
        case SettingType::json:
            return "Ar json";
        case SettingType::url:
            return "Ar url";
        case SettingType::text:
            return "Ar text";
    }
    return {};
}

std::string default_of(const Setting& setting) {
    if (setting.default_value.empty() || option_of(setting) != "--" + setting.name) return {};
    std::istringstream text{settings_help({setting})};  // shows defaults as people may see them
    for (std::string line; std::getline(text, line);) {
        const auto at = line.find("default: ");
        if (at != std::string::npos) {
            return "Default:\n.Ql " + escaped(line.substr(at + 9)) + " .\n";
        }
    }
    return {};
}

std::string environment_of(const Setting& setting) {
    std::string out = "Environment:\n.Ev " + chorus_environment_name(setting);
    if (setting.secret) out += "_FILE";
    if (!setting.environment.empty() && !setting.secret) out += "\nor\n.Ev " + setting.environment;
    return out + " .\n";
}

std::string commands(const Program& program) {
    std::string out = ".Bl -tag -width Ds\n";
    for (const Command& command : program.commands) {
        out += ".It Cm " + command.name;
        for (std::string_view rest = command.arguments; !rest.empty();) {
            out += " Ar " + escaped(rest.substr(0, rest.find(' ')));
            rest = rest.find(' ') == rest.npos ? "" : rest.substr(rest.find(' ') + 1);
        }
        out += '\n' + lines(sentence(command.help));
    }
    return out + ".El\n";
}

std::string switches(const Program& program) {
    std::string out = ".Bl -tag -width Ds\n";
    for (const Switch& one : program.switches) {
        out += ".It ";
        if (one.letter != '\0') out += std::string("Fl ") + one.letter + " , ";
        out += flag("--" + one.name);
        if (!one.value.empty()) out += " Ar " + escaped(one.value);
        if (!one.word.empty()) out += " Ns Op = Ns Cm " + escaped(one.word);
        out += '\n' + lines(sentence(one.help));
    }
    return out + ".El\n";
}

// A list of settings under a heading for each group.
template <typename Item, typename End>
std::string settings(const Program& program, Item&& item, End&& end) {
    std::string out, group;
    for (const Setting& setting : program.settings) {
        if (out.empty() || setting.group != group) {
            if (!out.empty()) out += ".El\n";
            if (!setting.group.empty()) out += ".Ss " + setting.group + '\n';
            out += ".Bl -tag -width Ds\n";
        }
        group = setting.group;
        out += item(setting) + lines(setting.help) + default_of(setting) + end(setting);
    }
    return out + ".El\n";
}

std::string options(const Program& program) {
    return settings(
        program,
        [](const Setting& setting) {
            return ".It " + flag(option_of(setting)) + ' ' + placeholder(setting) + '\n';
        },
        environment_of);
}

std::string keys(const Program& program) {
    return settings(
        program,
        [](const Setting& setting) {
            return ".It Ic " + escaped(option_of(setting).substr(2)) +
                   " No = " + placeholder(setting) + '\n';
        },
        [](const Setting&) { return std::string(); });
}

}  // namespace

std::string option_of(const Setting& setting) {
    const bool only_file = setting.secret && setting.type != SettingType::url;
    return "--" + setting.name + (only_file ? "-file" : "");
}

bool takes_value(const Setting& setting) {
    return setting.type != SettingType::boolean;
}

std::string fill_manual(const Program& program, std::string_view page) {
    std::string out;
    std::istringstream in{std::string(page)};
    for (std::string line; std::getline(in, line);) {
        if (line == "@COMMANDS@") {
            out += commands(program);
        } else if (line == "@SWITCHES@") {
            out += switches(program);
        } else if (line == "@OPTIONS@") {
            out += options(program);
        } else if (line == "@KEYS@") {
            out += keys(program);
        } else {
            out += line + '\n';
        }
    }
    return out;
}

}  // namespace chorus::docgen
