// chorus-aggregator token create|list|revoke.
#include <charconv>
#include <cstdio>
#include <optional>

#include "aggregator/api/token.h"
#include "aggregator/cli/commands.h"
#include "aggregator/store/migrator.h"
#include "aggregator/store/token_store.h"
#include "common/exit_codes.h"

namespace chorus::cli {
namespace {

constexpr const char* kUsage =
    "usage: chorus-aggregator token create --role agent|viewer|operator|admin --name NAME\n"
    "       chorus-aggregator token list\n"
    "       chorus-aggregator token revoke ID\n";

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

int create(store::TokenStore& tokens, const TokenOptions& options) {
    const auto role = options.role ? http::role_from_name(*options.role) : std::nullopt;
    if (!role || *role == http::Role::none || !options.name || options.name->empty() ||
        options.name->size() > 255) {
        return usage();
    }
    const std::string token = api::make_token(*role);
    tokens.create(*options.name, *options.role, api::hash_token(token));
    // Alone on its line, so that scripts can take it; it is shown this once.
    std::printf("%s\n", token.c_str());
    return to_int(ExitCode::ok);
}

int list(store::TokenStore& tokens) {
    std::printf("%-6s %-9s %-24s %-24s %s\n", "ID", "ROLE", "CREATED", "LAST USED", "NAME");
    for (const auto& token : tokens.list()) {
        std::printf("%-6lld %-9s %-24s %-24s %s%s\n", static_cast<long long>(token.token_id),
                    token.role.c_str(), format_timestamp(token.created_at).c_str(),
                    token.last_used_at ? format_timestamp(*token.last_used_at).c_str() : "never",
                    token.name.c_str(), token.revoked_at ? "  (revoked)" : "");
    }
    return to_int(ExitCode::ok);
}

int revoke(store::TokenStore& tokens, const std::string& text) {
    std::int64_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc{} || end != text.data() + text.size()) return usage();
    if (tokens.revoke(id)) return to_int(ExitCode::ok);
    std::fprintf(stderr, "chorus-aggregator: no token %s, or it is revoked already\n",
                 text.c_str());
    return to_int(ExitCode::usage);
}

}  // namespace

TokenOptions take_token_options(Arguments& arguments) {
    TokenOptions options;
    options.role = take(arguments, "--role");
    options.name = take(arguments, "--name");
    return options;
}

int token(const Config& config, const Arguments& what, const TokenOptions& options) {
    if (what.empty()) return usage();
    store::Database database{database_options(config, 1)};
    try {
        store::Migrator{database}.apply();
        store::TokenStore tokens{database};
        if (what[0] == "create" && what.size() == 1) return create(tokens, options);
        if (what[0] == "list" && what.size() == 1) return list(tokens);
        if (what[0] == "revoke" && what.size() == 2) return revoke(tokens, what[1]);
        return usage();
    } catch (const store::DatabaseUnavailable& e) {
        std::fprintf(stderr, "chorus-aggregator: %s\n", e.what());
        return to_int(ExitCode::unavailable);
    }
}

}  // namespace chorus::cli
