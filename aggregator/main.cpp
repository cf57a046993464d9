// chorus-aggregator: from the command line to the command. Wiring only.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "aggregator/cli/commands.h"
#include "aggregator/command_table.h"
#include "aggregator/quickstart/quickstart.h"
#include "aggregator/settings_table.h"
#include "common/log.h"
#include "common/settings/exit_codes.h"
#include "common/settings/other_program.h"

namespace {

using namespace chorus;

const std::vector<std::string> kFlags{"check-config", "print-config", "example-config", "version,V",
                                      "help,h"};

LogLevel log_level(const Config& config) {
    const std::string& name = config.text("log-level");
    if (config.boolean("debug") || name == "debug") return LogLevel::debug;
    if (name == "warning") return LogLevel::warning;
    return name == "error" ? LogLevel::error : LogLevel::info;
}

LogFormat log_format(const Config& config) {
    const std::string& name = config.text("log-format");
    if (name == "json") return LogFormat::json;
    return name == "text" ? LogFormat::text : LogFormat::automatic;
}

int quickstart(const std::vector<std::string>& arguments) {
    QuickstartOptions options = parse_quickstart(arguments);
    for (const auto& setting : aggregator_settings()) {
        if (!setting.environment.empty()) options.plain_names.push_back(setting.environment);
    }
    return run_quickstart(options);
}

int report(const std::vector<std::string>& faults) {
    bool usage = true;
    for (const auto& fault : faults) {
        std::cerr << "chorus-aggregator: " << fault << '\n';
        usage = usage && fault.starts_with("unknown option");
    }
    return to_int(usage ? ExitCode::usage : ExitCode::config);
}

constexpr const char* kProgram = "chorus-aggregator";

int complain(const UsageError& e) {
    std::cerr << kProgram << ": " << e.what() << '\n';
    return to_int(ExitCode::usage);
}

// A command that ends soon tells its own trouble, so the log would tell it a second time. The tasks
// run for long, or from a timer whose log is kept.
LogLevel least_level(const std::string& command, const Config& config) {
    const bool lasting = command == "serve" || command == "tasks";
    const bool wanted = !config.is_default("log-level") || config.boolean("debug");
    return lasting || wanted ? log_level(config) : LogLevel::critical;
}

// Works whatever the configuration is like. `known`: the command's usage is of help by itself.
bool answer_at_once(const Command& known, const cli::Arguments& arguments) {
    const auto given = [&](const char* word) {
        return std::find(arguments.begin(), arguments.end(), word) != arguments.end();
    };
    const bool all = given("--help=all"), help = all || given("--help") || given("-h");
    if (help && !all && !known.hint.empty()) {
        std::cout << known.name << ": " << known.help << '\n' << usage_of(kProgram, known) << '\n';
    } else if (help) {
        std::cout << cli::help(all);
    } else if (given("--version") || given("-V")) {
        std::cout << "chorus-aggregator " CHORUS_VERSION "\n";
    } else if (given("--example-config")) {
        std::cout << example_config(aggregator_settings(), kProgram);
    } else {
        return false;
    }
    std::cout << std::flush;
    return true;
}

int run(const std::string& command, cli::Arguments arguments) {
    cli::TokenOptions token_options;
    const Command& known = find_command(kProgram, aggregator_commands(), command);
    if (answer_at_once(known, arguments))
        return to_int(std::cout ? ExitCode::ok : ExitCode::io_error);
    if (command == "token" || command == "sign-in-link") {
        token_options = cli::take_token_options(arguments);
    }
    ConfigSources sources =
        process_sources(arguments, "/etc/chorus/aggregator.conf", kFlags, names_of_other_program());
    sources.other_options = known.options;
    const Config config = Config::load(aggregator_settings(), sources);
    const cli::Arguments& what = config.positional();
    if (config.has_flag("print-config")) return std::fputs(config.print().c_str(), stdout), 0;
    const auto faults = cli::check_config(config);
    if (!faults.empty()) return report(faults);
    if (config.has_flag("check-config")) return cli::check(config, {"config"});
    configure_log(least_level(command, config), log_format(config));
    // Those that answer like plugins of Nagios do so whatever is wrong.
    if (!command.starts_with("check-")) check_words(kProgram, known, what);

    if (command == "setup-db") return cli::setup_db(config);
    if (command != "serve" && command != "tasks") cli::become_service_user(config);
    if (command == "check") return cli::check(config, what);
    if (command == "token") return cli::token(config, what, token_options);
    if (command == "sign-in-link") return cli::sign_in_link(config, token_options);
    if (command == "tasks") return cli::tasks(config, what);
    if (command == "notify-test") return cli::notify_test(config, what);
    if (command == "check-host") return cli::check_host(config, what);
    if (command == "check-service") return cli::check_service(config, what);
    if (command == "migrate") return cli::migrate(config);
    if (command == "routes") return cli::routes(config);
    if (command == "status") return cli::status(config);
    return cli::serve(config);
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::string> arguments(argv + 1, argv + argc);
    std::string command = "serve";
    if (!arguments.empty() && !arguments[0].starts_with('-')) {
        command = arguments[0];
        arguments.erase(arguments.begin());
    }
    try {
        if (command == "quickstart") return quickstart(arguments);
        return run(command, arguments);
    } catch (const UsageError& e) {
        return complain(e);
    } catch (const ConfigError& e) {
        return report(e.faults());
    } catch (const std::exception& e) {
        std::cerr << "chorus-aggregator: " << e.what() << '\n';
        return to_int(ExitCode::internal);
    }
}
