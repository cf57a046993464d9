// Completion for three shells. Settings whose values are known offer them; paths offer files.
#include "packaging/docgen/docgen.h"

namespace chorus::docgen {
namespace {

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) {
        if (!word.empty()) out += (out.empty() ? "" : " ") + word;
    }
    return out;
}

bool is_path(const Setting& setting) {
    const std::string option = option_of(setting);
    return option.ends_with("-file") || option.ends_with("-dir") || setting.name == "procfs" ||
           setting.name == "sysfs" || setting.name == "rootfs";
}

std::vector<std::string> values_of(const Setting& setting) {
    if (setting.type == SettingType::boolean) return {"true", "false"};
    return setting.choices;
}

// Within single quotes of a shell; the characters of `also` get a backslash.
std::string quoted(std::string_view text, std::string_view also = "") {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'') {
            out += "'\\''";
            continue;
        }
        if (also.find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
    return out + '\'';
}

std::string function_of(const Program& program) {
    std::string name = "_" + program.name;
    for (char& c : name) {
        if (c == '-') c = '_';
    }
    return name;
}

}  // namespace

std::string bash_completion(const Program& program) {
    std::vector<std::string> options, paths, names;
    for (const Switch& one : program.switches) {
        options.push_back("--" + one.name);
        if (!one.word.empty()) options.push_back("--" + one.name + '=' + one.word);
        if (!one.value.empty()) paths.push_back("--" + one.name);
    }
    std::string values;
    for (const Setting& setting : program.settings) {
        options.push_back(option_of(setting));
        if (is_path(setting)) paths.push_back(option_of(setting));
        if (takes_value(setting) && !setting.choices.empty()) {
            values += "        " + option_of(setting) +
                      ") words=" + quoted(joined(setting.choices)) + " ;;\n";
        }
    }
    std::string after;
    for (const Command& command : program.commands) {
        names.push_back(command.name);
        const std::string all = joined({joined(command.words), joined(command.options)});
        if (!all.empty())
            after += "        " + command.name + ") words+=" + quoted(" " + all) + " ;;\n";
    }
    std::string file_options;
    for (const auto& path : paths) file_options += (file_options.empty() ? "" : " | ") + path;
    return "# bash completion for " + program.name + "\n" + function_of(program) +
           "()\n{\n"
           "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
           "    local words=\n"
           "    case $previous in\n"
           "        " +
           file_options +
           ")\n            mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
           "            return ;;\n" +
           values +
           "    esac\n"
           "    if [[ -n $words ]]; then\n"
           "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
           "        return\n"
           "    fi\n"
           "    words=" +
           quoted(joined(options)) +
           "\n"
           "    if [[ $COMP_CWORD -eq 1 ]]; then words+=" +
           quoted(" " + joined(names)) + "; fi\n" +
           (after.empty() ? "" : "    case ${COMP_WORDS[1]} in\n" + after + "    esac\n") +
           "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
           "}\n"
           "complete -F " +
           function_of(program) + ' ' + program.name + '\n';
}

std::string zsh_completion(const Program& program) {
    std::string out = "#compdef " + program.name + "\n\n_arguments -s \\\n";
    for (const Switch& one : program.switches) {
        // "=-" : a value follows in the same word or not at all.
        const char* mark = !one.word.empty() ? "=-" : one.value.empty() ? "" : "=";
        out += "  " + quoted("--" + one.name + mark + '[');
        out.pop_back();
        out += quoted(one.help, "[]:").substr(1);
        out.pop_back();
        out += one.value.empty() ? "]" : "]:file:_files";
        if (!one.word.empty()) out += "::what:(" + one.word + ')';
        out += "' \\\n";
    }
    for (const Setting& setting : program.settings) {
        const std::string values = joined(values_of(setting));
        std::string help = quoted(setting.help, "[]:");
        help = help.substr(1, help.size() - 2);
        out += "  '" + option_of(setting) + "=[" + help + "]:value:" +
               (is_path(setting)  ? "_files"
                : !values.empty() ? "(" + values + ")"
                                  : "") +
               "' \\\n";
    }
    std::string names;
    for (const Command& command : program.commands) {
        std::string help = quoted(command.help, "[]:()\"");
        help = help.substr(1, help.size() - 2);
        names += command.name + "\\:\"" + help + "\" ";
    }
    std::string words;
    for (const Command& command : program.commands) {
        const std::string all = joined({joined(command.words), joined(command.options)});
        if (!all.empty()) words += "    " + command.name + ") compadd -- " + all + " ;;\n";
    }
    out += "  '1:command:((" + names + "))' \\\n  '*::word:->words'\n";
    if (words.empty()) return out;
    return out + "if [[ $state == words ]]; then\n  case $words[1] in\n" + words + "  esac\nfi\n";
}

std::string fish_completion(const Program& program) {
    const std::string base = "complete -c " + program.name;
    std::string out;
    for (const Switch& one : program.switches) {
        out += base + " -l " + one.name;
        if (one.letter != '\0') out += std::string(" -s ") + one.letter;
        if (!one.value.empty()) out += " -r -F";
        if (!one.word.empty()) out += " -a " + one.word;
        out += " -d " + quoted(one.help) + '\n';
    }
    for (const Setting& setting : program.settings) {
        const std::string values = joined(values_of(setting));
        out += base + " -l " + option_of(setting).substr(2);
        if (takes_value(setting)) out += is_path(setting) ? " -r -F" : " -x";
        if (!values.empty()) out += " -a " + quoted(values);
        out += " -d " + quoted(setting.help) + '\n';
    }
    for (const Command& command : program.commands) {
        out += base + " -f -n __fish_use_subcommand -a " + command.name + " -d " +
               quoted(command.help) + '\n';
        const std::string seen = " -n '__fish_seen_subcommand_from " + command.name + "'";
        if (!command.words.empty()) {
            out += base + " -f" + seen + " -a " + quoted(joined(command.words)) + '\n';
        }
        for (const std::string& option : command.options) {
            out += base + seen + " -l " + option.substr(2) + '\n';
        }
    }
    return out;
}

}  // namespace chorus::docgen
