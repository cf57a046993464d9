// chorus-agent: reads the host's kernel and sends what it sees to an aggregator.
#include <malloc.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "agent/command_table.h"
#include "agent/commands.h"
#include "agent/settings.h"
#include "agent/settings_table.h"
#include "common/log.h"
#include "common/settings/exit_codes.h"
#include "common/settings/other_program.h"
#include "common/settings/settings.h"

namespace {

using chorus::ExitCode;

constexpr const char* kProgram = "chorus-agent";
constexpr const char* kConfigFile = "/etc/chorus/agent.conf";

void print_help(bool all) {
    const auto& settings = chorus::agent::agent_settings();
    std::cout << "Usage: chorus-agent [COMMAND] [OPTION]...\n"
                 "Collects metrics of this host and sends them to an aggregator.\n\nCommands:\n"
              << chorus::commands_help(chorus::agent::agent_commands()) << "\nOptions:\n"
              << chorus::switches_help(chorus::agent::agent_switches())
              << "\nSettings (flag > environment > .env > config file > default):\n"
              << (all ? chorus::settings_help(settings) : chorus::everyday_help(settings));
}

// Commands that work whatever the configuration is like.
bool answer_at_once(const std::vector<std::string>& arguments) {
    const auto given = [&](const char* word) {
        return std::find(arguments.begin(), arguments.end(), word) != arguments.end();
    };
    const bool all = given("--help=all");
    if (all || given("--help") || given("-h")) {
        print_help(all);
    } else if (given("--version") || given("-V")) {
        std::cout << "chorus-agent " << CHORUS_VERSION << '\n';
    } else if (given("--example-config")) {
        std::cout << chorus::example_config(chorus::agent::agent_settings(), "chorus-agent");
    } else {
        return false;
    }
    return true;
}

void configure_log_by(const chorus::Config& config) {
    using chorus::LogFormat;
    using chorus::LogLevel;
    const auto& level = config.text("log-level");
    const auto& format = config.text("log-format");
    chorus::configure_log(level == "debug"     ? LogLevel::debug
                          : level == "warning" ? LogLevel::warning
                          : level == "error"   ? LogLevel::error
                                               : LogLevel::info,
                          format == "json"   ? LogFormat::json
                          : format == "text" ? LogFormat::text
                                             : LogFormat::automatic);
}

ExitCode complain(const std::vector<std::string>& faults) {
    bool usage = false;
    for (const std::string& fault : faults) {
        std::cerr << "chorus-agent: " << fault << '\n';
        usage = usage || fault.starts_with("unknown option") || fault.starts_with("command line");
    }
    return usage ? ExitCode::usage : ExitCode::config;
}

chorus::Config load_config(const std::vector<std::string>& arguments) {
    const auto sources = chorus::process_sources(arguments, kConfigFile,
                                                 {"once", "test", "check-config", "print-config"},
                                                 chorus::names_of_other_program());
    return chorus::Config::load(chorus::agent::agent_settings(), sources);
}

// SIGHUP makes the daemon start anew with what the configuration says now. One with mistakes in it
// is told of and not used.
ExitCode run_reloading(chorus::agent::AgentConfig settings,
                       const std::vector<std::string>& arguments) {
    constexpr chorus::Logger log{"agent"};
    for (;;) {
        if (const auto code = chorus::agent::run_daemon(settings)) return *code;
        try {
            const auto config = load_config(arguments);
            settings = chorus::agent::read_settings(config, chorus::agent::Needs::aggregator);
            configure_log_by(config);
            log.info("Configuration was read again");
        } catch (const chorus::ConfigError& e) {
            for (const std::string& fault : e.faults()) {
                log.error("Configuration is not used", {{"fault", fault}});
            }
        }
    }
}

ExitCode run(const std::vector<std::string>& arguments) {
    namespace agent = chorus::agent;
    const auto config = load_config(arguments);
    const auto& words = config.positional();
    const std::string command = words.empty() ? "" : words.front();
    if (!words.empty()) {
        check_words(kProgram, find_command(kProgram, agent::agent_commands(), command),
                    {words.begin() + 1, words.end()});
    }
    configure_log_by(config);
    if (config.has_flag("print-config")) {
        std::cout << config.print();
        return ExitCode::ok;
    }
    // A peer or a pipe that goes away is an error of the call, not the end of the program.
    static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
    if (command == "enroll") return agent::run_enroll(config, words[1], words[2]);
    if (command == "status") return agent::run_status(config);
    const bool test = config.has_flag("test"), spool = command == "spool";
    const auto settings = agent::read_settings(
        config, test || spool ? agent::Needs::nothing : agent::Needs::aggregator);
    if (config.has_flag("check-config")) {
        std::cout << "The configuration is good.\n";
        return ExitCode::ok;
    }
    if (spool) return agent::run_spool(settings);
    if (test) return agent::run_test(settings);
    if (config.has_flag("once")) return agent::run_once(settings);
    return run_reloading(settings, arguments);
}

}  // namespace

int main(int argc, char** argv) {
    // One arena and a fixed mmap threshold: what a cycle needed goes back to the system after it.
    ::mallopt(M_ARENA_MAX, 1);
    ::mallopt(M_MMAP_THRESHOLD, 128 << 10);
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    try {
        if (answer_at_once(arguments)) return to_int(std::cout ? ExitCode::ok : ExitCode::io_error);
        return to_int(run(arguments));
    } catch (const chorus::ConfigError& e) {
        return to_int(complain(e.faults()));
    } catch (const chorus::UsageError& e) {
        std::cerr << "chorus-agent: " << e.what() << '\n';
        return to_int(ExitCode::usage);
    } catch (const std::exception& e) {
        std::cerr << "chorus-agent: " << e.what() << '\n';
        return to_int(ExitCode::internal);
    }
}
