// GET /api/v1/dashboard/overview and /dashboard/metrics/summary: all hosts at a glance.
#include <algorithm>
#include <map>

#include "aggregator/alert_store/alert_json.h"
#include "aggregator/api/hosts/routes.h"
#include "aggregator/api/support/checked_services.h"
#include "aggregator/api/support/context.h"
#include "aggregator/api/support/errors.h"
#include "aggregator/api/support/json_answer.h"
#include "aggregator/api/support/overviews.h"
#include "aggregator/api/support/timings.h"
#include "aggregator/history/host_reader.h"
#include "aggregator/history/summary_reader.h"
#include "aggregator/http/parameters.h"
#include "common/batch/batch.h"

namespace chorus::api {
namespace {

void write_host_counts(JsonWriter& out, const std::vector<store::HostRow>& hosts) {
    std::map<store::HostStatus, int> counts;
    for (const auto& host : hosts) ++counts[host.status];
    out.begin_object().field("total", hosts.size());
    for (const auto status :
         {store::HostStatus::up, store::HostStatus::stale, store::HostStatus::down}) {
        out.field(to_string(status), counts[status]);
    }
    out.end_object();
}

std::vector<store::AlertRow> newest_active_alerts(store::Database& database) {
    store::AlertQuery query;
    query.statuses = {store::AlertStatus::active};
    query.limit = 10;
    return database.read([&](store::Session& session) { return find_alerts(session, query); });
}

std::int64_t count_healthy(const std::vector<CheckedService>& services) {
    return std::count_if(services.begin(), services.end(),
                         [](const auto& service) { return service.health.status == "healthy"; });
}

http::Response overview(Context& context) {
    Timings timings;
    const store::HostReader reader{context.database, context.clock};
    const auto hosts = timings.db([&] { return reader.list(); });
    const auto stats = timings.db([&] { return store::read_alert_stats(context.database); });
    const auto alerts = timings.db([&] { return newest_active_alerts(context.database); });
    std::vector<std::string> names;
    for (const auto& host : hosts) {
        if (host.status != store::HostStatus::down) names.push_back(host.hostname);
    }
    const auto overviews = read_overviews(context, names, timings);
    const auto checked = read_services(context, timings);

    JsonWriter out;
    out.begin_object().field("timestamp", context.clock.now()).key("system_health").begin_object();
    for (const auto& o : overviews) write_overview(out.key(o.hostname), o);
    out.end_object().key("alert_stats");
    store::write_alert_stats(out, stats);
    out.key("service_health").begin_array();
    for (const auto& service : checked) cache::write_service_health(out, service.health);
    out.end_array()
        .field("healthy_services", count_healthy(checked))
        .field("total_services", checked.size())
        .key("hosts");
    write_host_counts(out, hosts);
    out.key("active_alerts").begin_array();
    for (const auto& alert : alerts) store::write_alert(out, alert);
    out.end_array().end_object();
    http::Response response = json_response(out);
    timings.add_to(response);
    return response;
}

http::Response summary(Context& context, store::SummaryReader& reader,
                       const http::Request& request) {
    http::Parameters p{request, http::Unknown::ignored};
    const auto hostname = p.text("hostname", limits::kHostnameBytes);
    const std::int64_t hours = p.integer("hours", 24, 1, 168);
    p.throw_if_bad();
    Timings timings;
    const Timestamp now = context.clock.now();
    const auto rows =
        timings.db([&] { return reader.read(hostname, now - std::chrono::hours{hours}); });
    JsonWriter out;
    out.begin_object().field("time_range_hours", hours).key("summary").begin_object();
    std::string current;
    for (const auto& row : rows) {
        if (row.hostname != current) {
            if (!current.empty()) out.end_object();
            out.key(row.hostname).begin_object();
            current = row.hostname;
        }
        out.key(row.metric_type)
            .begin_object()
            .field("avg_value", row.average)
            .field("max_value", row.maximum)
            .field("min_value", row.minimum)
            .field("sample_count", row.count)
            .end_object();
    }
    if (!current.empty()) out.end_object();
    out.end_object().field("generated_at", now).end_object();
    http::Response response = json_response(out);
    timings.add_to(response);
    return response;
}

}  // namespace

void add_dashboard_routes(http::Router& router, Context& context) {
    const auto add = [&](const char* path, auto handler) {
        router.add({http::Method::get, path, http::Role::viewer, http::BodyRule::none, 0,
                    guarded([&context, handler](const http::Request& request) {
                        return handler(context, request);
                    })});
    };
    add("/api/v1/dashboard/overview", [](Context& s, const http::Request&) { return overview(s); });
    add("/api/v1/dashboard/metrics/summary",
        [reader = std::make_shared<store::SummaryReader>(context.database)](
            Context& s, const http::Request& request) { return summary(s, *reader, request); });
}

}  // namespace chorus::api
