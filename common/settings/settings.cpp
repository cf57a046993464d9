#include "common/settings/settings.h"

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <set>

#include "common/http/url.h"
#include "common/settings/config_sources.h"
#include "common/settings/setting_value.h"
#include "common/text.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX wants it declared

namespace po = boost::program_options;

namespace chorus {
namespace {

// "version" of "version,V".
std::string long_name(const std::string& flag) {
    return flag.substr(0, flag.find(','));
}

}  // namespace

// Layers the sources; the first layer that names a setting wins, so layers go from strong to weak.
class ConfigLoader {
  public:
    ConfigLoader(const std::vector<Setting>& table, const ConfigSources& sources)
        : sources_(sources) {
        for (const Setting& setting : table) {
            config_.values_.push_back({setting, setting.default_value, "default"});
        }
    }

    Config load() {
        std::string config_file = sources_.config_file;
        const bool explicit_file = read_arguments(config_file);
        config_.file_ = config_file;
        read_names(read_environment(sources_.environment));
        ConfigLayer env_file = read_env_file(sources_.env_file);
        note_secret_file(env_file, sources_.env_file);
        read_names(env_file);
        if (!config_file.empty()) {
            // A drop-in is stronger than the file, and a later one than an earlier one.
            auto drop_ins = drop_in_files(config_file);
            std::for_each(drop_ins.rbegin(), drop_ins.rend(),
                          [&](const std::string& path) { read_file(path, true); });
            read_file(config_file, explicit_file);
        }
        check_values();
        if (!faults_.empty()) throw ConfigError(std::move(faults_));
        return std::move(config_);
    }

  private:
    using Value = Config::Value;

    Value* find(std::string_view name) {
        for (Value& value : config_.values_) {
            if (value.setting.name == name) return &value;
        }
        return nullptr;
    }

    std::vector<std::string> names(std::string_view prefix) const {
        std::vector<std::string> all;
        for (const Value& value : config_.values_) {
            all.push_back(std::string(prefix) + value.setting.name);
            if (value.setting.secret) all.push_back(all.back() + "-file");
        }
        for (const auto& flag : sources_.flags)
            all.push_back(std::string(prefix) + long_name(flag));
        all.push_back(std::string(prefix) + "config");
        return all;
    }

    std::vector<std::string> options() const {
        std::vector<std::string> all = names("--");
        all.insert(all.end(), sources_.other_options.begin(), sources_.other_options.end());
        return all;
    }

    void set(Value& value, const std::string& text, const std::string& origin) {
        if (!layer_seen_.insert(value.setting.name).second) {
            faults_.push_back(origin + ": " + value.setting.name + " is given twice");
            return;
        }
        if (value.origin != "default") return;
        value.text = text;
        value.origin = origin;
    }

    void set_from_file(Value& value, const std::string& path, const std::string& origin) {
        SecretFile secret = read_secret_file(path);
        if (secret.fault) {
            faults_.push_back(origin + ": " + *secret.fault);
        } else {
            set(value, secret.value, origin);
        }
    }

    // Answers whether --config was given.
    bool read_arguments(std::string& config_file) {
        po::options_description description;
        auto add = description.add_options();
        add("config", po::value<std::string>(), "");
        for (const auto& flag : sources_.flags) add(flag.c_str(), po::bool_switch(), "");
        for (const Value& value : config_.values_) {
            const auto& name = value.setting.name;
            if (value.setting.type == SettingType::boolean) {
                add(name.c_str(), po::value<std::string>()->implicit_value(""), "");
            } else {
                add(name.c_str(), po::value<std::string>(), "");
            }
            if (value.setting.secret) add((name + "-file").c_str(), po::value<std::string>(), "");
        }
        bool explicit_file = false;
        try {
            const auto parsed = po::command_line_parser(sources_.arguments)
                                    .options(description)
                                    .style(po::command_line_style::unix_style &
                                           ~po::command_line_style::allow_guessing)
                                    .allow_unregistered()
                                    .run();
            layer_seen_.clear();
            for (const auto& option : parsed.options) {
                if (option.string_key == "config" && !option.value.empty()) {
                    config_file = option.value.front();
                    explicit_file = true;
                } else {
                    take_option(option);
                }
            }
        } catch (const po::error& e) {
            faults_.push_back(std::string("command line: ") + e.what());
        }
        return explicit_file;
    }

    void take_option(const po::option& option) {
        const std::string& name = option.string_key;
        if (name.empty()) {
            config_.positional_.insert(config_.positional_.end(), option.value.begin(),
                                       option.value.end());
        } else if (option.unregistered) {
            const std::string word =
                option.original_tokens.empty() ? name : option.original_tokens[0];
            faults_.push_back(
                "unknown option " + word.substr(0, word.find('=')) +
                did_you_mean(word.substr(0, word.find('=')), options(), "see --help=all"));
        } else if (std::any_of(sources_.flags.begin(), sources_.flags.end(),
                               [&](const auto& flag) { return long_name(flag) == name; })) {
            config_.flags_.push_back(name);
        } else if (Value* value = find(name)) {
            // A flag alone means yes.
            const bool alone = option.value.empty();
            const std::string text = !alone ? option.value.front()
                                     : value->setting.type == SettingType::boolean ? "true"
                                                                                   : "";
            if (value->setting.secret && carries_secret(value->setting, text)) {
                faults_.push_back(
                    "--" + name + ": a secret on the command line is visible to every user; use " +
                    chorus_environment_name(value->setting) + "_FILE or --" + name + "-file");
            } else {
                set(*value, text, "flag --" + name);
            }
        } else if (Value* secret = find(name.substr(0, name.size() - 5))) {
            set_from_file(*secret, option.value.front(), "flag --" + name);
        }
    }

    // A URL without a password is no secret, and handy on the command line. JSON may hold one
    // anywhere, as in the path of a webhook.
    static bool carries_secret(const Setting& setting, const std::string& text) {
        if (setting.type != SettingType::url) return true;
        return redact_url(text) != text;
    }

    // Environment and .env: names are matched without regard to case.
    void read_names(const ConfigLayer& layer) {
        layer_seen_.clear();
        faults_.insert(faults_.end(), layer.faults.begin(), layer.faults.end());
        for (const ConfigEntry& entry : layer.entries) {
            const std::string name = to_lower(entry.name);
            bool known = false;
            for (Value& value : config_.values_) {
                const std::string own = to_lower(chorus_environment_name(value.setting));
                const std::string original = to_lower(value.setting.environment);
                if (name == own || (!original.empty() && name == original)) {
                    known = true;
                    take_name(value, entry, name == own);
                } else if (value.setting.secret &&
                           (name == own + "_file" ||
                            (!original.empty() && name == original + "_file"))) {
                    known = true;
                    set_from_file(value, entry.value, entry.origin);
                }
            }
            if (!known && name.starts_with("chorus_") && !is_foreign(name)) {
                std::vector<std::string> candidates;
                for (const Value& value : config_.values_) {
                    candidates.push_back(chorus_environment_name(value.setting));
                }
                candidates.insert(candidates.end(), sources_.foreign_names.begin(),
                                  sources_.foreign_names.end());
                faults_.push_back(entry.origin + ": unknown setting" +
                                  did_you_mean(entry.name, candidates, "see --help=all"));
            }
        }
    }

    // CHORUS_PORT and PORT may both be there; the project's own name is the more deliberate one.
    void take_name(Value& value, const ConfigEntry& entry, bool own_name) {
        if (own_name && layer_seen_.contains(value.setting.name)) {
            value.text = entry.value;
            value.origin = entry.origin;
        } else if (own_name || !layer_seen_.contains(value.setting.name)) {
            set(value, entry.value, entry.origin);
        }
    }

    // Of the other program, or of tests, benchmarks and the build.
    bool is_foreign(std::string_view lower_name) const {
        constexpr std::array<std::string_view, 5> kNoSettings{"chorus_test_*", "chorus_bench_*",
                                                              "chorus_bin_dir", "chorus_build_*",
                                                              "chorus_fixtures"};
        return std::any_of(kNoSettings.begin(), kNoSettings.end(),
                           [&](auto glob) { return glob_match(glob, lower_name); }) ||
               std::any_of(sources_.foreign_names.begin(), sources_.foreign_names.end(),
                           [&](const auto& foreign) { return to_lower(foreign) == lower_name; });
    }

    void read_file(const std::string& path, bool must_exist) {
        ConfigLayer layer = read_config_file(path);
        const bool missing = layer.entries.empty() && layer.faults.size() == 1 &&
                             layer.faults[0].ends_with("No such file or directory");
        if (missing && !must_exist) return;
        note_secret_file(layer, path);
        faults_.insert(faults_.end(), layer.faults.begin(), layer.faults.end());
        layer_seen_.clear();
        for (const ConfigEntry& entry : layer.entries) {
            if (Value* value = find(entry.name)) {
                set(*value, entry.value, entry.origin);
            } else if (entry.name.ends_with("-file") &&
                       find(entry.name.substr(0, entry.name.size() - 5)) != nullptr) {
                set_from_file(*find(entry.name.substr(0, entry.name.size() - 5)), entry.value,
                              entry.origin);
            } else {
                faults_.push_back(entry.origin + ": unknown setting " + entry.name +
                                  did_you_mean(entry.name, names(""), "see --help=all"));
            }
        }
    }

    void note_secret_file(ConfigLayer& layer, const std::string& path) {
        for (const ConfigEntry& entry : layer.entries) {
            for (const Value& value : config_.values_) {
                const bool names_it =
                    entry.name == value.setting.name ||
                    equals_ignoring_case(entry.name, value.setting.environment) ||
                    equals_ignoring_case(entry.name, chorus_environment_name(value.setting));
                if (!names_it || !value.setting.secret) continue;
                if (!carries_secret(value.setting, entry.value)) continue;
                if (auto fault = check_secret_permissions(path)) {
                    layer.faults.push_back(*fault);
                    return;
                }
            }
        }
    }

    void check_values() {
        for (Value& value : config_.values_) {
            if (value.text.empty() && value.setting.default_value.empty()) continue;
            if (auto fault = check_value(value.setting, value.text)) {
                faults_.push_back(value.origin + ": " + value.setting.name + ' ' + *fault);
            }
        }
    }

    const ConfigSources& sources_;
    Config config_;
    std::vector<std::string> faults_;
    std::set<std::string> layer_seen_;
};

ConfigError::ConfigError(std::vector<std::string> faults)
    : std::runtime_error(joined(faults, "\n")), faults_(std::move(faults)) {}

ConfigSources process_sources(const std::vector<std::string>& arguments, std::string config_file,
                              std::vector<std::string> flags,
                              std::vector<std::string> foreign_names) {
    ConfigSources sources;
    sources.arguments = arguments;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        sources.environment.emplace_back(*variable);
    }
    sources.config_file = std::move(config_file);
    sources.flags = std::move(flags);
    sources.foreign_names = std::move(foreign_names);
    return sources;
}

Config Config::load(const std::vector<Setting>& table, const ConfigSources& sources) {
    return ConfigLoader(table, sources).load();
}

const Config::Value& Config::find(std::string_view name) const {
    for (const Value& value : values_) {
        if (value.setting.name == name) return value;
    }
    throw std::logic_error("no such setting: " + std::string(name));
}

const std::string& Config::text(std::string_view name) const {
    return find(name).text;
}

std::int64_t Config::integer(std::string_view name) const {
    return static_cast<std::int64_t>(number(name));
}

double Config::number(std::string_view name) const {
    return to_number(find(name).text).value_or(0);
}

bool Config::boolean(std::string_view name) const {
    return to_boolean(find(name).text).value_or(false);
}

bool Config::is_default(std::string_view name) const {
    return find(name).origin == "default";
}

bool Config::has_flag(std::string_view name) const {
    return std::find(flags_.begin(), flags_.end(), name) != flags_.end();
}

std::string chorus_environment_name(const Setting& setting) {
    std::string name = "CHORUS_";
    for (const char c : setting.name) {
        name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    return name;
}

}  // namespace chorus
