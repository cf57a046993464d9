// The live stream of dashboards, that of agents, and what the latter is for: collect now.
#include <memory>

#include "aggregator/api/support/audit.h"
#include "aggregator/api/support/context.h"
#include "aggregator/api/support/errors.h"
#include "aggregator/api/support/json_answer.h"
#include "aggregator/api/support/rate_limit.h"
#include "aggregator/api/support/transaction.h"
#include "aggregator/api/system/routes.h"
#include "aggregator/history/host_reader.h"
#include "aggregator/http/parameters.h"
#include "aggregator/ingest/ingest_service.h"
#include "aggregator/live/agent_streams.h"
#include "aggregator/live/intervals.h"
#include "aggregator/live/viewer_streams.h"

namespace chorus::api {
namespace {

constexpr std::size_t kCollectCalls = 10;
constexpr std::chrono::seconds kCollectWindow{60};

http::Response viewer_stream(Context& context, const http::Request& request) {
    http::Parameters p{request};
    auto hostname = p.hostname("hostname");
    p.throw_if_bad();
    return context.viewers.open(request, std::move(hostname));
}

// The agent a token belongs to; a token that was never used is bound to the agent that asks.
Uuid agent_of(Context& context, const http::Request& request) {
    const auto claimed = Uuid::parse(request.header("x-chorus-agent"));
    auto bound = request.principal.agent_id;
    if (!bound && claimed && request.principal.token_id) {
        bound = context.ingest.bound_agent(*request.principal.token_id, *claimed);
    }
    if (!bound && claimed) agent_mismatch();
    if (!bound) {
        throw http::HttpError(
            409, "agent_unknown",
            "Send a batch or the header X-Chorus-Agent with the agent's id first");
    }
    if (claimed && *claimed != *bound) agent_mismatch();
    return *bound;
}

http::Response agent_stream(Context& context, const http::Request& request) {
    http::refuse_parameters(request);
    const Uuid agent = agent_of(context, request);
    return context.agents.open(agent, request.principal.token_id, context.intervals.find(agent));
}

http::Response collect(Context& context, RateLimit& limit, const http::Request& request) {
    http::Parameters p{request, http::Unknown::ignored};
    const bool processes = p.boolean("collect_processes", true);
    const auto hostname = p.hostname("hostname");
    p.throw_if_bad();
    limit.take();
    std::optional<store::HostRow> host;
    if (hostname) {
        host = store::HostReader{context.database, context.clock}.find(*hostname);
        if (!host) host_not_found();
    }
    return in_transaction(context, request, [&](store::Session& session) {
        JsonWriter detail;
        detail.begin_object().field("collect_processes", processes).end_object();
        audit(session, request, "metrics.collect", "host", hostname.value_or("*"), detail.text());
        std::size_t asked = 0;
        if (!host) {
            asked = context.agents.collect_now(processes);
        } else if (host->agent_id) {
            asked = context.agents.collect_now(*host->agent_id, processes);
        }
        JsonWriter out;
        out.begin_object()
            .field("message", "Metrics collection started")
            .field("timestamp", context.clock.now())
            .field("hosts", asked)
            .end_object();
        return json_response(out, 202);
    });
}

}  // namespace

void add_stream_routes(http::Router& router, Context& context) {
    router.add(
        {http::Method::get, "/api/v1/stream", http::Role::viewer, http::BodyRule::none, 0,
         [&context](const http::Request& request) { return viewer_stream(context, request); }});
    router.add({http::Method::get, "/api/v1/agents/stream", http::Role::agent, http::BodyRule::none,
                0, guarded([&context](const http::Request& request) {
                    return agent_stream(context, request);
                })});
    const auto limit = std::make_shared<RateLimit>(context.clock, kCollectCalls, kCollectWindow);
    router.add({http::Method::post, "/api/v1/metrics/collect", http::Role::operator_,
                http::BodyRule::none, 0, guarded([&context, limit](const http::Request& request) {
                    return collect(context, *limit, request);
                })});
}

}  // namespace chorus::api
