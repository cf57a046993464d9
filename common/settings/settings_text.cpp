// What people read of the settings table: --help, --print-config, the example file.
#include "common/http/url.h"
#include "common/settings/command_table.h"
#include "common/settings/settings.h"
#include "common/text.h"

namespace chorus {
namespace {

std::string shown(const Setting& setting, const std::string& text) {
    if (!setting.secret) return setting.type == SettingType::json ? redact_urls_in(text) : text;
    if (text.empty() || text == "{}") return text;
    return setting.type == SettingType::url ? redact_url(text) : "***";
}

const char* placeholder(SettingType type) {
    switch (type) {
        case SettingType::integer:
            return " N";
        case SettingType::number:
            return " NUMBER";
        case SettingType::boolean:
            return "[=true|false]";
        case SettingType::duration_seconds:
            return " DURATION";
        case SettingType::json:
            return " JSON";
        case SettingType::url:
            return " URL";
        case SettingType::text:
            return " TEXT";
    }
    return "";
}

std::string environment_names(const Setting& setting) {
    std::string names = chorus_environment_name(setting);
    if (!setting.environment.empty() && setting.environment != names) {
        names = setting.environment + " or " + names;
    }
    if (setting.secret) names += ", or a file: " + chorus_environment_name(setting) + "_FILE";
    return names;
}

// "port N", and "agent-token-file PATH" for a secret that must not be on a command line.
std::string option_text(const Setting& setting) {
    const bool only_file = setting.secret && setting.type != SettingType::url;
    return setting.name + (only_file ? "-file PATH" : placeholder(setting.type));
}

std::string first_sentence(const std::string& text) {
    const auto end = text.find(". ");
    return end == std::string::npos ? text : text.substr(0, end + 1);
}

}  // namespace

std::string Config::print() const {
    std::string out;
    for (const Value& value : values_) {
        out += value.setting.name + " = " + shown(value.setting, value.text) + "  # " +
               value.origin + '\n';
    }
    return out;
}

std::vector<Setting> grouped(std::string group, std::vector<Setting> settings) {
    for (Setting& setting : settings) setting.group = group;
    return settings;
}

std::string settings_help(const std::vector<Setting>& table) {
    std::string out, group;
    for (const Setting& setting : table) {
        if (setting.group != group) out += '\n' + setting.group + ":\n";
        group = setting.group;
        out += "  --" + option_text(setting) + '\n';
        out += "        " + setting.help + '\n';
        out += "        environment: " + environment_names(setting) + '\n';
        if (!setting.default_value.empty()) {
            out += "        default: " + shown(setting, setting.default_value) + '\n';
        }
    }
    return out;
}

std::string everyday_help(const std::vector<Setting>& table) {
    std::string out, group;
    for (const Setting& setting : table) {
        if (!setting.everyday) continue;
        if (setting.group != group) out += '\n' + setting.group + ":\n";
        group = setting.group;
        const std::string text = first_sentence(setting.help);
        const std::string now = shown(setting, setting.default_value);
        out += help_line("--" + option_text(setting),
                         now.empty() ? text : text + " (default: " + now + ')');
    }
    return out + "\n--help=all shows all " + std::to_string(table.size()) +
           " settings, with their names in the environment.\n";
}

std::string example_config(const std::vector<Setting>& table, std::string_view program) {
    std::string out = "# Configuration of ";
    out += program;
    out +=
        ".\n# Every line shows a default; remove the # to change it. Flags and environment\n"
        "# variables win over this file.\n";
    for (const Setting& setting : table) {
        out += "\n# " + setting.help + '\n';
        if (setting.secret && setting.type != SettingType::url) {
            out += '#' + setting.name + "-file = /path/to/file\n";
        } else {
            out += '#' + setting.name + " = " + shown(setting, setting.default_value) + '\n';
        }
    }
    return out;
}

}  // namespace chorus
