// Configuration: one table of settings from which flags, environment names, `.env`, config file,
// --help, --print-config and the example config derive.
//
// Precedence: flag > environment > .env > config file > default.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace chorus {

enum class SettingType { text, integer, number, boolean, duration_seconds, json, url };

// One line of the table. `name` is the flag and the key in the config file ("database-url");
// `environment` is the original's name ("DATABASE_URL"), matched without regard to case; every
// setting can also be given as CHORUS_<NAME> ("CHORUS_DATABASE_URL"), and a secret as <ENV>_FILE or
// <name>-file, the path of a file that holds it.
struct Setting {
    std::string name;
    std::string environment{};  // empty: only CHORUS_<NAME>
    SettingType type = SettingType::text;
    std::string default_value{};
    std::string help{};  // one sentence, with unit and range
    bool secret = false;
    std::optional<double> minimum{};
    std::optional<double> maximum{};
    std::vector<std::string> choices{};
    std::string group{};    // its heading in --help and the manual: "Storage"
    bool everyday = false;  // shown by --help; --help=all shows every setting
};

// Everything wrong with a configuration; one line per fault, naming the source (flag, variable, or
// file:line), the key and the remedy. Never contains a secret's value.
class ConfigError : public std::runtime_error {
  public:
    explicit ConfigError(std::vector<std::string> faults);
    const std::vector<std::string>& faults() const { return faults_; }

  private:
    std::vector<std::string> faults_;
};

// Where the layers come from; tests replace the process's own.
struct ConfigSources {
    std::vector<std::string> arguments;    // without the program's name and the subcommand
    std::vector<std::string> environment;  // "NAME=value"
    std::string env_file = ".env";         // read if it exists
    std::string config_file;               // default path; read if it exists, --config overrides
    std::vector<std::string> flags{};      // switches that are no settings: "once", "version,V"
    // Options of the command that its caller has taken already: only hints tell of them.
    std::vector<std::string> other_options{};
    // CHORUS_* names of the other program's settings. They are no mistake.
    std::vector<std::string> foreign_names{};
};

// argv and environ of this process; .env of the working directory.
ConfigSources process_sources(const std::vector<std::string>& arguments, std::string config_file,
                              std::vector<std::string> flags,
                              std::vector<std::string> foreign_names);

class Config {
  public:
    // Layers the sources over the table's defaults. Throws ConfigError with all faults.
    static Config load(const std::vector<Setting>& table, const ConfigSources& sources);

    // Values by the setting's name. Asking for a name that is not in the table is a programming
    // error (std::logic_error).
    const std::string& text(std::string_view name) const;
    std::int64_t integer(std::string_view name) const;
    double number(std::string_view name) const;
    bool boolean(std::string_view name) const;
    bool is_default(std::string_view name) const;

    // The config file: --config, or the default one whether it exists or not.
    const std::string& file() const { return file_; }

    // Whether a switch of ConfigSources::flags was given.
    bool has_flag(std::string_view name) const;

    // Arguments that are no flags, in order.
    const std::vector<std::string>& positional() const { return positional_; }

    // The effective values with their origin, one "name = value  # origin" a line, secrets as ***,
    // passwords inside URLs too.
    std::string print() const;

  private:
    friend class ConfigLoader;
    struct Value {
        Setting setting;
        std::string text;
        std::string origin;  // "default", "flag --port", "environment PORT", ".env:3", "/etc/…:12"
    };
    const Value& find(std::string_view name) const;

    std::vector<Value> values_;
    std::string file_;
    std::vector<std::string> flags_;
    std::vector<std::string> positional_;
};

// The environment name of a setting by the project's own scheme: "CHORUS_DATABASE_URL".
std::string chorus_environment_name(const Setting& setting);

// The settings of one group, in a table of several.
std::vector<Setting> grouped(std::string group, std::vector<Setting> settings);
// Lines of --help=all for the table by groups: flag, environment name, default, sentence.
std::string settings_help(const std::vector<Setting>& table);
// Lines of --help: the everyday settings by groups, a line or two each, and how to see the rest.
std::string everyday_help(const std::vector<Setting>& table);
// A commented config file with every setting at its default.
std::string example_config(const std::vector<Setting>& table, std::string_view program);

}  // namespace chorus
