// chorus-aggregator token create|rotate|list|revoke.
#include <charconv>
#include <cstdio>
#include <optional>

#include "aggregator/api/token.h"
#include "aggregator/cli/commands.h"
#include "aggregator/http/request.h"
#include "aggregator/store/migrator.h"
#include "aggregator/store/token_store.h"
#include "common/clock.h"
#include "common/exit_codes.h"

namespace chorus::cli {
namespace {

constexpr const char* kUsage =
    "usage: chorus-aggregator token create --role agent|viewer|operator|admin --name NAME\n"
    "       chorus-aggregator token create --role enrol --name NAME [--uses N] [--valid-hours N]\n"
    "       chorus-aggregator token rotate ID [--overlap-hours N]\n"
    "       chorus-aggregator token list\n"
    "       chorus-aggregator token revoke ID\n";
constexpr std::int64_t kMostOverlapHours = 24 * 30;

int usage() {
    std::fputs(kUsage, stderr);
    return to_int(ExitCode::usage);
}

// Takes `--name X` or `--name=X` out of the arguments.
std::optional<std::string> take(Arguments& arguments, const std::string& name) {
    for (auto at = arguments.begin(); at != arguments.end(); ++at) {
        if (at->starts_with(name + '=')) {
            std::string value = at->substr(name.size() + 1);
            arguments.erase(at);
            return value;
        }
        if (*at == name && at + 1 != arguments.end()) {
            std::string value = at[1];
            arguments.erase(at, at + 2);
            return value;
        }
    }
    return std::nullopt;
}

std::optional<std::int64_t> number(const std::string& text) {
    std::int64_t n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return n;
}

// The option's number, `fallback` if it is not given; nullopt if it is none from 1 to `most`.
std::optional<std::int64_t> bounded(const std::optional<std::string>& text, std::int64_t fallback,
                                    std::int64_t most) {
    if (!text) return fallback;
    const auto n = number(*text);
    return n && *n >= 1 && *n <= most ? n : std::nullopt;
}

// Alone on its line, so that scripts can take it; it is shown this once.
int show(const std::string& token) {
    std::printf("%s\n", token.c_str());
    return to_int(ExitCode::ok);
}

int create(store::Database& database, const TokenOptions& options) {
    const bool enrol = options.role == "enrol";
    const auto role = options.role ? http::role_from_name(*options.role) : std::nullopt;
    const auto uses = bounded(options.uses, 1, api::kMostEnrolmentUses);
    const auto hours =
        bounded(options.valid_hours, api::kMostEnrolmentHours, api::kMostEnrolmentHours);
    if ((!enrol && (!role || *role == http::Role::none || options.uses || options.valid_hours)) ||
        options.overlap_hours || !uses || !hours || !options.name || options.name->empty() ||
        options.name->size() > 255) {
        return usage();
    }
    const std::string token = api::make_token(*options.role);
    store::NewToken row{
        .name = *options.name, .role = *options.role, .hash = api::hash_token(token)};
    if (enrol) {
        row.uses = static_cast<std::int32_t>(*uses);
        row.valid_for = std::chrono::hours{*hours};
    }
    const auto lease = database.acquire();
    store::insert_token(*lease, row);
    return show(token);
}

int rotate(store::Database& database, const std::string& id_text, const TokenOptions& options) {
    const auto id = number(id_text);
    const auto overlap = bounded(options.overlap_hours, 24, kMostOverlapHours);
    if (!id || !overlap || options.role || options.name) return usage();
    const auto lease = database.acquire();
    store::Transaction transaction{*lease};
    // The kind stands in the token itself, so the role must be known first.
    std::string role;
    for (const auto& token : store::TokenStore{database}.list()) {
        if (token.token_id == *id) role = token.role;
    }
    const std::string token = api::make_token(role);
    if (role.empty() ||
        !store::replace_token(*lease, *id, api::hash_token(token), std::chrono::hours{*overlap})) {
        std::fprintf(stderr, "chorus-aggregator: no token %s that could be replaced\n",
                     id_text.c_str());
        return to_int(ExitCode::usage);
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

int list(store::TokenStore& tokens) {
    std::printf("%-6s %-9s %-24s %-24s %s\n", "ID", "ROLE", "CREATED", "LAST USED", "NAME");
    for (const auto& token : tokens.list()) {
        std::printf("%-6lld %-9s %-24s %-24s %s%s\n", static_cast<long long>(token.token_id),
                    token.role.c_str(), format_timestamp(token.created_at).c_str(),
                    token.last_used_at ? format_timestamp(*token.last_used_at).c_str() : "never",
                    token.name.c_str(), state_of(token).c_str());
    }
    return to_int(ExitCode::ok);
}

int revoke(store::TokenStore& tokens, const std::string& text) {
    const auto id = number(text);
    if (!id) return usage();
    if (tokens.revoke(*id)) return to_int(ExitCode::ok);
    std::fprintf(stderr, "chorus-aggregator: no token %s, or it is revoked already\n",
                 text.c_str());
    return to_int(ExitCode::usage);
}

}  // namespace

TokenOptions take_token_options(Arguments& arguments) {
    TokenOptions options;
    options.role = take(arguments, "--role");
    options.name = take(arguments, "--name");
    options.uses = take(arguments, "--uses");
    options.valid_hours = take(arguments, "--valid-hours");
    options.overlap_hours = take(arguments, "--overlap-hours");
    return options;
}

int token(const Config& config, const Arguments& what, const TokenOptions& options) {
    if (what.empty()) return usage();
    store::Database database{database_options(config, 2)};
    try {
        store::Migrator{database}.apply();
        store::TokenStore tokens{database};
        if (what[0] == "create" && what.size() == 1) return create(database, options);
        if (what[0] == "rotate" && what.size() == 2) return rotate(database, what[1], options);
        if (what[0] == "list" && what.size() == 1) return list(tokens);
        if (what[0] == "revoke" && what.size() == 2) return revoke(tokens, what[1]);
        return usage();
    } catch (const store::DatabaseUnavailable& e) {
        std::fprintf(stderr, "chorus-aggregator: %s\n", e.what());
        return to_int(ExitCode::unavailable);
    }
}

}  // namespace chorus::cli
