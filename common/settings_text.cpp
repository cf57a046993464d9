// What people read of the settings table: --help, --print-config, the example file.
#include "common/settings.h"
#include "common/text.h"
#include "common/url.h"

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

}  // namespace

std::string Config::print() const {
    std::string out;
    for (const Value& value : values_) {
        out += value.setting.name + " = " + shown(value.setting, value.text) + "  # " +
               value.origin + '\n';
    }
    return out;
}

std::string settings_help(const std::vector<Setting>& table) {
    std::string out;
    for (const Setting& setting : table) {
        const bool only_file = setting.secret && setting.type != SettingType::url;
        out +=
            "  --" + setting.name + (only_file ? "-file PATH" : placeholder(setting.type)) + '\n';
        out += "        " + setting.help + '\n';
        out += "        environment: " + environment_names(setting) + '\n';
        if (!setting.default_value.empty()) {
            out += "        default: " + shown(setting, setting.default_value) + '\n';
        }
    }
    return out;
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
