// chorus-aggregator setup-db: role, database and schema in the PostgreSQL of this machine. The
// users of its socket are known by their system accounts, so there is no password.
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "aggregator/cli/commands.h"
#include "aggregator/cli/service_user.h"
#include "aggregator/quickstart/child.h"
#include "aggregator/schema/provision.h"
#include "common/http/url.h"
#include "common/settings/exit_codes.h"

namespace chorus::cli {
namespace {

constexpr const char* kWanted = "postgresql:///chorus_monitoring?host=/run/postgresql";

int fail(ExitCode code, const std::string& message) {
    std::fprintf(stderr, "chorus-aggregator: %s\n", message.c_str());
    return to_int(code);
}

std::string database_name(const Url& url) {
    return percent_decode(std::string_view{url.path}.substr(url.path.empty() ? 0 : 1)).value_or("");
}

std::string url_of(const Url& url, const std::string& database) {
    return "postgresql:///" + database + "?host=" + std::string(url.parameter("host"));
}

store::DatabaseOptions options_for(const std::string& url) {
    store::DatabaseOptions options;
    options.url = url;
    options.sessions = 1;
    options.statement_timeout = std::chrono::milliseconds{0};
    return options;
}

// As the administrator of the database.
int make(const Url& url, const store::Provision& wanted) {
    try {
        store::Database server{options_for(url_of(url, "postgres"))};
        for (const auto& what : store::provision(*server.acquire(), wanted)) {
            std::printf("made %s\n", what.c_str());
        }
        store::Database database{options_for(url_of(url, wanted.database))};
        if (store::take_over_schema(*database.acquire(), wanted.role)) {
            std::printf("gave what was there to %s\n", wanted.role.c_str());
        }
        return to_int(ExitCode::ok);
    } catch (const store::DatabaseUnavailable& e) {
        return fail(ExitCode::unavailable, database_trouble("PostgreSQL", e));
    } catch (const store::DatabaseError& e) {
        return fail(ExitCode::no_permission,
                    std::string(e.what()) + "; run this as root or as the user postgres");
    }
}

int run_as(const quickstart::Account& account, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), std::filesystem::read_symlink("/proc/self/exe").string());
    std::fflush(stdout);
    quickstart::Command command;
    command.name = arguments[1];
    command.arguments = std::move(arguments);
    command.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
    command.account = account;
    return quickstart::run_to_end(command);
}

}  // namespace

int setup_db(const Config& config) {
    const auto url = parse_url(config.text("database-url"));
    const std::string host{url ? url->parameter("host") : std::string_view{}};
    if (!url || !url->host.empty() || !host.starts_with('/') || database_name(*url).empty()) {
        return fail(
            ExitCode::config,
            std::string("setup-db is for a PostgreSQL on this machine: set `database-url = ") +
                kWanted + "` in /etc/chorus/aggregator.conf");
    }
    store::Provision wanted{.database = database_name(*url), .role = kServiceUser};
    if (!url->parameter("user").empty()) wanted.role = url->parameter("user");
    if (geteuid() != 0) return make(*url, wanted);

    const auto administrator = quickstart::account_named("postgres");
    if (!administrator) {
        return fail(ExitCode::unavailable,
                    "there is no user postgres; is PostgreSQL installed? `apt install postgresql`");
    }
    // It cannot read our configuration, and need not: nothing in this URL is secret.
    const std::string plain = url_of(*url, wanted.database) + "&user=" + wanted.role;
    int code =
        run_as(*administrator, {"setup-db", "--config", "/dev/null", "--database-url", plain});
    if (code != 0) return code;
    const auto service = quickstart::account_named(wanted.role.c_str());
    if (!service) return code;
    code = run_as(*service, {"migrate", "--config", "/dev/null", "--database-url", plain});
    if (code == 0) std::puts("Next: `systemctl restart chorus-aggregator`");
    return code;
}

}  // namespace chorus::cli
