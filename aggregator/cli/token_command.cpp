// chorus-aggregator token create|rotate|list|revoke, and sign-in-link.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <functional>
#include <optional>

#include "aggregator/access/token_store.h"
#include "aggregator/api/access/token.h"
#include "aggregator/cli/commands.h"
#include "aggregator/schema/migrator.h"
#include "common/clock.h"
#include "common/settings/command_table.h"
#include "common/settings/exit_codes.h"
#include "common/text.h"

namespace chorus::cli {
namespace {

constexpr std::int64_t kMostOverlapHours = 24 * 30;
constexpr std::size_t kMostNameBytes = 255;
const std::vector<std::string> kOptions{"--role",        "--name",          "--uses",
                                        "--valid-hours", "--overlap-hours", "--valid-minutes"};
const std::vector<std::string> kRoles{"agent", "viewer", "operator", "admin", "enrol"};

// Work that is left once the command line is understood.
using Work = std::function<int(store::Database&)>;

std::optional<std::int64_t> number(const std::string& text) {
    std::int64_t n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return n;
}

std::int64_t id_of(const Arguments& what) {
    if (what.size() < 2) {
        throw UsageError("token " + what[0] + " needs an ID; `token list` shows them");
    }
    const auto id = number(what[1]);
    if (!id) throw UsageError("a token's ID is a number; `token list` shows them");
    return *id;
}

// The option's number, `fallback` if it is not given.
std::int64_t bounded(const TokenOptions& options, const char* name, std::int64_t fallback,
                     std::int64_t most) {
    const auto given = options.find(name);
    if (given == options.end()) return fallback;
    const auto n = number(given->second);
    if (n && *n >= 1 && *n <= most) return *n;
    throw UsageError(std::string(name) + " must be a number from 1 to " + std::to_string(most));
}

void allow(const TokenOptions& options, const std::string& command,
           const std::vector<std::string>& names) {
    for (const auto& [name, value] : options) {
        if (std::find(names.begin(), names.end(), name) != names.end()) continue;
        throw UsageError(command + " takes no " + name +
                         (names.empty() ? "" : "; it takes " + joined(names, ", ")));
    }
}

// Alone on its line, so that scripts can take it; it is shown this once.
int show(const std::string& token) {
    std::printf("%s\n", token.c_str());
    return to_int(ExitCode::ok);
}

std::string role_of(const TokenOptions& options) {
    const auto given = options.find("--role");
    const std::string all = "it is one of " + joined(kRoles, ", ");
    if (given == options.end()) throw UsageError("token create needs --role; " + all);
    if (std::find(kRoles.begin(), kRoles.end(), given->second) != kRoles.end()) {
        return given->second;
    }
    throw UsageError("there is no role " + given->second +
                     did_you_mean(given->second, kRoles, all));
}

std::string name_of(const TokenOptions& options, const std::string& fallback) {
    const auto given = options.find("--name");
    const std::string name = given == options.end() ? fallback : given->second;
    if (!name.empty() && name.size() <= kMostNameBytes) return name;
    throw UsageError(
        "--name is needed, 1 to 255 bytes: who or what uses the token, as `token list` shows it");
}

Work create(const TokenOptions& options) {
    store::NewToken row{.name = {}, .role = role_of(options), .hash = {}};
    const bool enrol = row.role == "enrol";
    allow(options, "token create --role " + row.role,
          enrol ? std::vector<std::string>{"--role", "--name", "--uses", "--valid-hours"}
                : std::vector<std::string>{"--role", "--name"});
    row.name = name_of(options, "");
    if (enrol) {
        row.uses =
            static_cast<std::int32_t>(bounded(options, "--uses", 1, api::kMostEnrolmentUses));
        row.valid_for = std::chrono::hours{
            bounded(options, "--valid-hours", api::kMostEnrolmentHours, api::kMostEnrolmentHours)};
    }
    return [row](store::Database& database) mutable {
        const std::string token = api::make_token(row.role);
        row.hash = api::hash_token(token);
        store::insert_token(*database.acquire(), row);
        return show(token);
    };
}

int no_such_token(std::int64_t id, const char* state) {
    std::fprintf(stderr, "chorus-aggregator: no token %lld %s; `token list` shows them\n",
                 static_cast<long long>(id), state);
    return to_int(ExitCode::usage);
}

// It has twelve hours; a token like it would have no end.
int no_token_of_a_session(std::int64_t id) {
    std::fprintf(stderr,
                 "chorus-aggregator: token %lld is the session of a browser, which ends by itself; "
                 "`chorus-aggregator sign-in-link` begins another, `token create` makes a token\n",
                 static_cast<long long>(id));
    return to_int(ExitCode::usage);
}

int rotate(store::Database& database, std::int64_t id, std::chrono::hours overlap) {
    const auto lease = database.acquire();
    store::Transaction transaction{*lease};
    // The kind stands in the token itself, so the role must be known first.
    const auto all = store::TokenStore{database}.list();
    const auto old = std::find_if(all.begin(), all.end(),
                                  [&](const auto& token) { return token.token_id == id; });
    if (old != all.end() && old->is_session) return no_token_of_a_session(id);
    const std::string token = old == all.end() ? "" : api::make_token(old->role);
    if (token.empty() || !store::replace_token(*lease, id, api::hash_token(token), overlap)) {
        return no_such_token(id, "that could be replaced");
    }
    transaction.commit();
    return show(token);
}

std::string state_of(const store::TokenRow& token) {
    if (token.revoked_at) return "  (revoked)";
    if (token.uses_left && *token.uses_left == 0) return "  (used up)";
    if (!token.expires_at) return {};
    const bool expired = *token.expires_at <= SystemClock{}.now();
    return std::string(expired ? "  (expired " : "  (until ") +
           format_timestamp(*token.expires_at) + ')';
}

int list(store::Database& database) {
    std::printf("%-6s %-9s %-24s %-24s %s\n", "ID", "ROLE", "CREATED", "LAST USED", "NAME");
    for (const auto& token : store::TokenStore{database}.list()) {
        std::printf("%-6lld %-9s %-24s %-24s %s%s\n", static_cast<long long>(token.token_id),
                    token.role.c_str(), format_timestamp(token.created_at).c_str(),
                    token.last_used_at ? format_timestamp(*token.last_used_at).c_str() : "never",
                    token.name.c_str(), state_of(token).c_str());
    }
    return to_int(ExitCode::ok);
}

int run_with_database(const Config& config, const Work& work) {
    store::Database database{database_options(config, 2)};
    try {
        store::Migrator{database}.apply();
        return work(database);
    } catch (const store::DatabaseUnavailable& e) {
        std::fprintf(stderr, "chorus-aggregator: %s\n",
                     database_trouble("PostgreSQL at " + database.describe(), e).c_str());
        return to_int(ExitCode::unavailable);
    }
}

Work plan(const Arguments& what, const TokenOptions& options) {
    if (what[0] == "create") {
        if (what.size() > 1) throw UsageError("token create takes options only, see --name");
        return create(options);
    }
    if (what[0] == "list") {
        allow(options, "token list", {});
        if (what.size() > 1) throw UsageError("token list takes no argument");
        return list;
    }
    const std::int64_t id = id_of(what);
    if (what[0] == "rotate") {
        allow(options, "token rotate", {"--overlap-hours"});
        const std::chrono::hours overlap{
            bounded(options, "--overlap-hours", 24, kMostOverlapHours)};
        return [id, overlap](store::Database& database) { return rotate(database, id, overlap); };
    }
    allow(options, "token revoke", {});
    return [id](store::Database& database) {
        if (store::TokenStore{database}.revoke(id)) return to_int(ExitCode::ok);
        return no_such_token(id, "that is not revoked already");
    };
}

}  // namespace

TokenOptions take_token_options(Arguments& arguments) {
    TokenOptions options;
    for (auto at = arguments.begin(); at != arguments.end();) {
        const auto equals = at->find('=');
        const std::string name = at->substr(0, equals);
        if (std::find(kOptions.begin(), kOptions.end(), name) == kOptions.end()) {
            ++at;
            continue;
        }
        const bool apart = equals == std::string::npos;
        if (apart && (at + 1 == arguments.end() || at[1].starts_with("--"))) {
            throw UsageError(name + " needs a value");
        }
        const std::string value = apart ? at[1] : at->substr(equals + 1);
        if (!options.emplace(name, value).second) throw UsageError(name + " is given twice");
        at = arguments.erase(at, at + (apart ? 2 : 1));
    }
    return options;
}

int token(const Config& config, const Arguments& what, const TokenOptions& options) {
    return run_with_database(config, plan(what, options));
}

int sign_in_link(const Config& config, const TokenOptions& options) {
    allow(options, "sign-in-link", {"--name", "--valid-minutes"});
    store::NewToken row{.name = name_of(options, "sign-in link"),
                        .role = "signin",
                        .hash = {},
                        .valid_for = std::chrono::minutes{bounded(options, "--valid-minutes", 10,
                                                                  api::kMostLinkMinutes)},
                        .uses = 1};
    std::vector<std::string> faults;  // main has refused faulty ones
    const std::string pages = notify_settings(config, faults).external_url + "/ui/#sign-in=";
    return run_with_database(config, [&](store::Database& database) {
        const std::string token = api::make_token(row.role);
        row.hash = api::hash_token(token);
        const auto lease = database.acquire();
        store::Transaction transaction{*lease};
        store::revoke_links(*lease, row.name);
        store::insert_token(*lease, row);
        transaction.commit();
        return show(pages + token);
    });
}

}  // namespace chorus::cli
