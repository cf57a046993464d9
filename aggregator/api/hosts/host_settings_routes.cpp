// PATCH and DELETE /api/v1/hosts/{hostname}: what people set for a host, and its removal.
#include "aggregator/access/host_settings.h"
#include "aggregator/api/hosts/host_input.h"
#include "aggregator/api/hosts/host_json.h"
#include "aggregator/api/hosts/routes.h"
#include "aggregator/api/support/audit.h"
#include "aggregator/api/support/context.h"
#include "aggregator/api/support/errors.h"
#include "aggregator/api/support/json_answer.h"
#include "aggregator/api/support/json_body.h"
#include "aggregator/api/support/transaction.h"
#include "aggregator/cache/cache_reader.h"
#include "aggregator/cache/entry_writer.h"
#include "aggregator/http/parameters.h"
#include "aggregator/live/intervals.h"
#include "common/json/json_reader.h"
#include "common/log.h"

namespace chorus::api {
namespace {

constexpr Logger kHostSettingsRoutesLog{"api"};
constexpr std::size_t kBody = 64U << 10U;

http::Response change(Context& context, const http::Request& request) {
    http::Parameters p{request};
    const std::string hostname = p.path_hostname("hostname");
    const auto wanted = parse_host_settings(read_json_body(request), p.faults());
    p.throw_if_bad();
    auto response = in_transaction(context, request, [&](store::Session& session) {
        const auto before = store::lock_host_settings(session, hostname);
        if (!before) host_not_found();
        if (wanted.labels_json || wanted.thresholds_json || wanted.interval_seconds) {
            store::write_host_settings(session, hostname, wanted);
            JsonWriter detail;
            detail.begin_object();
            if (wanted.labels_json) {
                detail.key("labels_before").raw(*before->labels_json);
                detail.key("labels").raw(*wanted.labels_json);
            }
            if (wanted.thresholds_json) {
                detail.key("thresholds_before").raw(*before->thresholds_json);
                detail.key("thresholds").raw(*wanted.thresholds_json);
            }
            if (wanted.interval_seconds) {
                detail.field("interval_seconds_before", *before->interval_seconds);
                detail.field("interval_seconds", *wanted.interval_seconds);
            }
            detail.end_object();
            audit(session, request, "host.update", "host", hostname, detail.text());
        }
        return http::Response{};
    });
    if (wanted.interval_seconds) context.intervals.refresh();
    const store::HostReader reader{context.database, context.clock};
    const auto host = reader.find(hostname);
    if (!host) host_not_found();  // removed meanwhile
    JsonWriter out;
    write_host(out, *host);
    response.body = out.take();
    return response;
}

// Cached values of a host that is gone would be answered until they run out.
void forget_cached(Context& context, const std::string& hostname) {
    std::vector<std::string> types;
    if (const auto cached = context.cache.latest(hostname)) {
        for (const auto& metric : *cached) types.push_back(metric.metric_type);
    }
    context.cache_entries.forget_host(hostname, types);
}

http::Response remove(Context& context, const http::Request& request) {
    http::Parameters p{request};
    const std::string hostname = p.path_hostname("hostname");
    const bool force = p.boolean("force", false);
    p.throw_if_bad();
    auto response = in_transaction(context, request, [&](store::Session& session) {
        switch (store::remove_host(session, hostname, force, request.principal.name,
                                   context.clock.now())) {
            case store::HostRemoval::not_found:
                host_not_found();
            case store::HostRemoval::active:
                throw http::HttpError(409, "host_active",
                                      "The host still reports; stop its agent first, or repeat "
                                      "the request with force=true");
            case store::HostRemoval::removed:
                break;
        }
        audit(session, request, "host.delete", "host", hostname,
              force ? R"({"force":true})" : "{}");
        JsonWriter out;
        out.begin_object().field("message", "Host deleted successfully").end_object();
        return json_response(out);
    });
    forget_cached(context, hostname);
    kHostSettingsRoutesLog.info("Host removed",
                                {{"hostname", hostname}, {"actor", request.principal.name}});
    return response;
}

}  // namespace

void add_host_settings_routes(http::Router& router, Context& context) {
    constexpr const char* kOne = "/api/v1/hosts/{hostname}";
    router.add(
        {http::Method::patch, kOne, http::Role::operator_, http::BodyRule::json, kBody,
         guarded([&context](const http::Request& request) { return change(context, request); })});
    router.add(
        {http::Method::del, kOne, http::Role::admin, http::BodyRule::none, 0,
         guarded([&context](const http::Request& request) { return remove(context, request); })});
}

}  // namespace chorus::api
