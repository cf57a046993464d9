// GET /api/v1/system/health and /api/v1/services: the checked services. Reading starts no check.
#include <algorithm>
#include <memory>
#include <string>
#include <unordered_map>

#include "aggregator/api/services/routes.h"
#include "aggregator/api/services/throttled_read.h"
#include "aggregator/api/support/checked_services.h"
#include "aggregator/api/support/context.h"
#include "aggregator/api/support/errors.h"
#include "aggregator/api/support/json_answer.h"
#include "aggregator/api/support/timings.h"
#include "aggregator/http/parameters.h"

namespace chorus::api {
namespace {

constexpr std::int64_t kMostHours = 24 * 400, kMostPoints = 5'000, kMostRecent = 200,
                       kMostChecks = 1'000;
constexpr std::size_t kMostRecentInAll = 20'000;

// By service: a month of hours of each, 0.75 s for 2,000 services on two busy cores.
using Uptimes = ThrottledRead<std::unordered_map<std::string, store::ServiceUptime>>;

http::Response system_health(Context& context) {
    Timings timings;
    JsonWriter out;
    out.begin_array();
    for (const auto& service : read_services(context, timings)) {
        cache::write_service_health(out, service.health);
    }
    out.end_array();
    http::Response response = json_response(out);
    timings.add_to(response);
    return response;
}

void write_recent(JsonWriter& out, const std::vector<store::PastCheck>& checks) {
    out.begin_array();
    for (const auto& check : checks) {
        out.begin_object()
            .field("timestamp", check.time)
            .field("status", to_string(check.status))
            .field("response_time_ms", check.response_time_ms)
            .field("error_message", check.error)
            .end_object();
    }
    out.end_array();
}

template <typename Map>
typename Map::mapped_type value_or_empty(const Map& map, const std::string& name) {
    const auto found = map.find(name);
    return found == map.end() ? typename Map::mapped_type{} : found->second;
}

std::optional<std::int64_t> days_left(const std::optional<Timestamp>& expires, Timestamp now) {
    if (!expires) return std::nullopt;
    return std::chrono::floor<std::chrono::days>(*expires - now).count();
}

http::Response list(Context& context, Uptimes& all_uptimes, const http::Request& request) {
    http::Parameters p{request};
    const auto count = static_cast<int>(p.integer("recent", 60, 0, kMostRecent));
    p.throw_if_bad();
    Timings timings;
    const Timestamp now = context.clock.now();
    const auto states = read_services(context, timings);
    const store::ServiceReader reader{context.database};
    const auto uptimes =
        timings.db([&] { return all_uptimes.get([&] { return reader.uptimes(now); }); });
    // Fewer of each where there are very many services.
    const auto most = kMostRecentInAll / std::max<std::size_t>(states.size(), 1);
    const int each = std::min(count, static_cast<int>(std::max<std::size_t>(most, 1)));
    const auto recent = timings.db([&] { return reader.recent(now, each); });
    JsonWriter out;
    out.begin_array();
    for (const auto& state : states) {
        const auto& name = state.health.service_name;
        const auto uptime = value_or_empty(*uptimes, name);
        out.begin_object();
        cache::write_service_health_fields(out, state.health);
        out.field("type", state.type)
            .field("interval_seconds", state.interval_seconds)
            .field("hostname", state.hostname)
            .field("status_since", state.status_since)
            .field("tls_expires_at", state.certificate_expires)
            .field("tls_expires_in_days", days_left(state.certificate_expires, now))
            .field("uptime_24h_percent", uptime.day)
            .field("uptime_7d_percent", uptime.week)
            .field("uptime_30d_percent", uptime.month)
            .field("average_response_time_ms", uptime.average_response_ms)
            .key("recent");
        write_recent(out, value_or_empty(recent, name));
        out.end_object();
    }
    out.end_array();
    http::Response response = json_response(out);
    timings.add_to(response);
    return response;
}

template <typename T>
void write_column(JsonWriter& out, std::string_view name, const std::vector<T>& values) {
    out.key(name).begin_array();
    for (const T value : values) out.value(value);
    out.end_array();
}

http::Response history(Context& context, const http::Request& request) {
    http::Parameters p{request};
    const std::int64_t hours = p.integer("hours", 24, 1, kMostHours);
    const auto limit = static_cast<int>(p.integer("limit", 60, 0, kMostChecks));
    const auto points = static_cast<int>(p.integer("max_points", 300, 1, kMostPoints));
    p.throw_if_bad();
    const std::string name{request.path_parameter("name")};
    Timings timings;
    const auto all = read_services(context, timings);
    if (std::none_of(all.begin(), all.end(),
                     [&](const auto& s) { return s.health.service_name == name; })) {
        throw http::HttpError(404, "service_not_found", "Service not found");
    }
    const Timestamp now = context.clock.now();
    const store::ServiceReader reader{context.database};
    const auto series = timings.db(
        [&] { return reader.series(name, now - std::chrono::hours{hours}, now, points); });
    const auto recent = timings.db([&] { return reader.recent(now, limit, name); });
    JsonWriter out;
    out.begin_object()
        .field("service_name", name)
        .field("hours", hours)
        .field("step_seconds", series.step_seconds);
    write_column(out, "t", series.times);
    out.key("response_time_ms").begin_object();
    write_column(out, "avg", series.average);
    write_column(out, "min", series.minimum);
    write_column(out, "max", series.maximum);
    out.end_object();
    write_column(out, "uptime_percent", series.uptime_percent);
    write_column(out, "check_count", series.checks);
    write_recent(out.key("checks"), value_or_empty(recent, name));
    out.end_object();
    http::Response response = json_response(out);
    timings.add_to(response);
    return response;
}

}  // namespace

void add_service_routes(http::Router& router, Context& context) {
    const auto add = [&](const char* path, auto handler) {
        router.add({http::Method::get, path, http::Role::viewer, http::BodyRule::none, 0,
                    guarded([&context, handler](const http::Request& request) {
                        return handler(context, request);
                    })});
    };
    add("/api/v1/system/health", [](Context& s, const http::Request&) { return system_health(s); });
    const auto uptimes = std::make_shared<Uptimes>(context.clock);
    add("/api/v1/services",
        [uptimes](Context& s, const http::Request& request) { return list(s, *uptimes, request); });
    add("/api/v1/services/{name}/history", history);
}

}  // namespace chorus::api
