// chorus-aggregator serve: the HTTP server, ingest, cache and background tasks until SIGTERM.
#include <cstdio>

#include "aggregator/api/access/token_authenticator.h"
#include "aggregator/api/routes.h"
#include "aggregator/api/support/context.h"
#include "aggregator/cli/commands.h"
#include "aggregator/cli/runtime.h"
#include "aggregator/cli/watchdog.h"
#include "aggregator/http/server.h"
#include "common/descriptor_limit.h"
#include "common/http/url.h"
#include "common/log.h"
#include "common/service_manager.h"
#include "common/settings/exit_codes.h"

namespace chorus::cli {
namespace {

constexpr Logger kServeLog{"main"};
constexpr std::chrono::seconds kGrace{10};
constexpr std::chrono::seconds kOwnAnswer{5};  // to a request of our own

http::Role anonymous_role(const Config& config) {
    const std::string& name = config.text("anonymous-role");
    if (!name.empty()) return http::role_from_name(name).value_or(http::Role::none);
    // Through a proxy on this machine strangers come from loopback, too.
    const bool own_users_alone =
        is_loopback_host(config.text("listen")) && !config.boolean("behind-tls-proxy");
    return own_users_alone ? http::Role::viewer : http::Role::none;
}

// Beside the connections: service checks, database sessions, Redis, logs, the server itself.
constexpr std::uint64_t kOtherDescriptors = 600;

void make_room_for_connections(const Config& config) {
    const std::uint64_t limit = raise_descriptor_limit();
    const auto connections = static_cast<std::uint64_t>(config.integer("max-connections"));
    if (limit >= connections + kOtherDescriptors) return;
    kServeLog.warning("The limit of open files is too low for max-connections",
                      {{"limit", limit}, {"needed", connections + kOtherDescriptors}});
}

http::ServerLimits server_limits(const Config& config) {
    http::ServerLimits limits;
    limits.connections = static_cast<std::size_t>(config.integer("max-connections"));
    return limits;
}

api::Context context_of(Runtime& runtime, api::LoginGuard& logins, api::TokenMemory& tokens,
                        const Config& config) {
    api::Context context{runtime.queries,
                         runtime.cache_reader,
                         runtime.cache_entries,
                         runtime.ingest,
                         runtime.scheduler,
                         runtime.alert_check,
                         runtime.health,
                         runtime.upkeep,
                         runtime.sealing,
                         runtime.table_sealing,
                         runtime.metrics,
                         runtime.clock,
                         runtime.viewers,
                         runtime.agents,
                         runtime.intervals,
                         logins,
                         tokens,
                         own_hostname()};
    context.rule_context.max_response_time_ms = config.number("response-time-alert-threshold");
    context.rule_context.known_channel = [&runtime](std::string_view channel) {
        return runtime.channels.knows(channel);
    };
    context.alert_check_interval = runtime.engine.period();
    context.retention = runtime.retention;
    context.max_open_alerts = config.integer("max-open-alerts");
    context.web_root = config.text("web-root");
    return context;
}

}  // namespace

int routes(const Config& config) {
    Runtime runtime{config};
    api::LoginGuard logins{runtime.queries, runtime.clock, runtime.metrics};
    api::TokenMemory tokens{runtime.clock};
    auto context = context_of(runtime, logins, tokens, config);
    const http::Router router = api::make_router(context);
    for (const auto& route : router.routes()) {
        std::printf("%s %s %s\n", std::string(to_string(route.method)).c_str(),
                    route.pattern.c_str(), std::string(to_string(route.role)).c_str());
    }
    return to_int(ExitCode::ok);
}

int serve(const Config& config) {
    const sigset_t signals = block_signals();
    make_room_for_connections(config);
    Runtime runtime{config};
    const http::Role anonymous = anonymous_role(config);
    api::LoginGuard logins{runtime.queries, runtime.clock, runtime.metrics};
    api::TokenMemory tokens{runtime.clock};
    auto context = context_of(runtime, logins, tokens, config);
    api::TokenAuthenticator authenticator{runtime.queries, runtime.clock, logins, tokens};
    http::Dispatcher dispatcher{
        api::make_router(context), authenticator,
        http::DispatcherOptions{.anonymous_role = anonymous,
                                .cors_origins = http::parse_origins(config.text("cors-origins")),
                                // Who sets a role means it for all who can connect.
                                .no_anonymous_by_domain = config.text("anonymous-role").empty()},
        runtime.metrics};
    http::Server server{config.text("listen"), static_cast<std::uint16_t>(config.integer("port")),
                        dispatcher, server_limits(config), runtime.metrics};
    runtime.start();
    server.start();
    kServeLog.info("Listening", {{"address", config.text("listen")},
                                 {"port", server.port()},
                                 {"version", CHORUS_VERSION},
                                 {"anonymous_role", to_string(anonymous)}});
    notify_service_manager("READY=1\nSTATUS=Serves " + config.text("listen") + " port " +
                           std::to_string(server.port()));
    const auto alive = [&] {
        return answers_itself(config.text("listen"), server.port(), kOwnAnswer);
    };
    while (wait_for_signal_watched(signals, alive) == SIGHUP) {
        kServeLog.info("Nothing to reload: settings are read at start");
    }
    notify_service_manager("STOPPING=1");
    kServeLog.info("Stopping");
    server.stop(kGrace);
    runtime.stop();
    kServeLog.info("Stopped");
    return requested_exit_code();
}

}  // namespace chorus::cli
