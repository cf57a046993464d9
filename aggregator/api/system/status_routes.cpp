// The program about itself: /, /health, /ready, /status, /metrics.
#include <array>

#include "aggregator/api/support/context.h"
#include "aggregator/api/support/json_answer.h"
#include "aggregator/api/support/overviews.h"
#include "aggregator/api/system/page_routes.h"
#include "aggregator/api/system/routes.h"
#include "aggregator/cache/cache_reader.h"
#include "aggregator/history/status_reader.h"
#include "aggregator/http/parameters.h"
#include "aggregator/ingest/ingest_service.h"
#include "aggregator/postgres/database.h"
#include "aggregator/sealed/open_days.h"
#include "aggregator/sealed/seal_job.h"
#include "aggregator/tasks/maintenance.h"
#include "aggregator/tasks/scheduler.h"

namespace chorus::api {
namespace {

constexpr std::string_view kService = "Process Monitor API";
constexpr std::array<std::string_view, 5> kFeatures{
    "System metrics collection", "Process monitoring", "Service health checks", "Alert management",
    "Real-time monitoring dashboard"};

// Who may read may also see the version, the host's name and its figures on these open endpoints.
bool sees_details(const http::Request& request) {
    return request.principal.role >= http::Role::viewer;
}

std::string_view version(const http::Request& request) {
    return sees_details(request) ? CHORUS_VERSION : "";
}

http::Response root(const http::Request& request) {
    JsonWriter out;
    out.begin_object()
        .field("service", kService)
        .field("version", version(request))
        .field("status", "running")
        .key("features")
        .begin_array();
    for (const auto feature : kFeatures) out.value(feature);
    out.end_array().end_object();
    return json_response(out);
}

http::Response health(const Context& context, const http::Request& request) {
    JsonWriter out;
    out.begin_object()
        .field("status", "healthy")
        .field("timestamp", context.clock.now())
        .field("service", kService)
        .field("version", version(request))
        .end_object();
    return json_response(out);
}

struct Check {
    bool up = false;
    std::string problem;  // in words, without hosts and secrets
};

Check check_postgres(Context& context) {
    try {
        const auto durability = store::read_durability(context.database);
        if (!context.upkeep.prepared()) return {false, "the schema is not up to date yet"};
        Check check{true, {}};
        for (const auto& fault : durability.faults) {
            check.problem += (check.problem.empty() ? "" : ", ") + fault;
        }
        return check;
    } catch (const store::DatabaseUnavailable&) {
        return {false, "cannot be reached"};
    } catch (const store::DatabaseError&) {
        return {false, "answers with an error"};
    }
}

void write_check(JsonWriter& out, std::string_view name, const Check& check) {
    out.key(name).begin_object().field("status", check.up ? "up" : "down");
    if (!check.problem.empty()) out.field("problem", check.problem);
    out.end_object();
}

http::Response ready(Context& context, const http::Request& request) {
    http::refuse_parameters(request);
    const Check postgres = check_postgres(context);
    const Check redis{context.cache.ping(), {}};
    const std::size_t waiting = context.ingest.queue_length();
    const std::size_t capacity = context.ingest.queue_capacity();
    const bool full = waiting >= capacity;
    const bool degraded = !redis.up || !postgres.problem.empty() || full;
    JsonWriter out;
    out.begin_object()
        .field("status", !postgres.up ? "unavailable"
                         : degraded   ? "degraded"
                                      : "ready")
        .key("checks")
        .begin_object();
    write_check(out, "postgres", postgres);
    write_check(out, "redis", redis);
    out.key("ingest_queue")
        .begin_object()
        .field("status", full ? "full" : "up")
        .field("length", waiting)
        .field("capacity", capacity)
        .end_object()
        .end_object()
        .end_object();
    http::Response response = json_response(out, postgres.up ? 200 : 503);
    if (!postgres.up) response.with("Retry-After", "5");
    return response;
}

void write_system(JsonWriter& out, const std::optional<OwnSystem>& own) {
    const auto or_null = [&](std::string_view name, auto member) {
        out.key(name);
        own ? out.value((*own).*member) : out.null();
    };
    out.begin_object();
    or_null("cpu_usage_percent", &OwnSystem::cpu_usage_percent);
    or_null("memory_usage_percent", &OwnSystem::memory_usage_percent);
    or_null("memory_available_mb", &OwnSystem::memory_available_mb);
    or_null("uptime_hours", &OwnSystem::uptime_hours);
    out.end_object();
}

void write_tasks(JsonWriter& out, const Context& context, bool details) {
    const auto tasks = context.scheduler.status();
    out.begin_object()
        .field("running", context.scheduler.running())
        .field("task_count", tasks.size())
        .field("leader", context.scheduler.leads())
        .key("tasks")
        .begin_array();
    for (const auto& task : tasks) {
        out.begin_object()
            .field("name", task.name)
            .field("period_seconds", task.period.count())
            .field("leader_only", task.leader_only)
            .field("last_run", task.last_run)
            .field("last_duration_seconds", task.last_duration_seconds)
            .field("runs", task.runs)
            .field("skipped", task.skipped)
            .key("last_error");
        // The text of an error may name hosts: told only where strangers are welcome.
        text_or_null(out, details ? task.last_error : task.last_error.empty() ? "" : "see the log");
        out.end_object();
    }
    out.end_array().end_object();
}

std::optional<std::string> date_text(const std::optional<std::chrono::sys_days>& day) {
    if (!day) return std::nullopt;
    return format_timestamp(Timestamp{*day}).substr(0, 10);
}

// Days of one kind that are over, packed and to be packed. What runs is known of this aggregator
// alone. Nothing is known where strangers are not told.
struct Sealing {
    store::SealBacklog backlog;
    store::SealProgress progress;
};

Sealing read_sealing(store::Session& session, const store::SealJob& job) {
    return {store::read_backlog(session, job.options().after, job.tier()), job.progress()};
}

void write_sealing(JsonWriter& out, const std::optional<Sealing>& known) {
    const auto or_null = [&](std::string_view name, bool is_known, auto value) {
        out.key(name);
        is_known ? out.value(value) : out.null();
    };
    const auto [backlog, progress] = known.value_or(Sealing{});
    or_null("days_packed", known.has_value(), backlog.moved);
    or_null("days_waiting", known.has_value(), backlog.waiting);
    out.key("oldest_waiting");
    text_or_null(out, date_text(backlog.oldest_waiting).value_or(""));
    out.key("running_day");
    text_or_null(out, date_text(progress.day).value_or(""));
    or_null("hosts_done", progress.day.has_value(), progress.hosts_done);
    or_null("hosts_total", progress.day.has_value(), progress.hosts_total);
    out.key("last_error");
    text_or_null(out, progress.last_error);
}

http::Response status(Context& context, const http::Request& request) {
    const bool details = sees_details(request);
    std::optional<OwnSystem> own;
    std::optional<Sealing> metric_days, process_days;
    std::string error;
    try {
        if (details) {
            own = read_own_system(context);
            context.database.read([&](store::Session& session) {
                metric_days = read_sealing(session, context.sealing);
                process_days = read_sealing(session, context.table_sealing);
            });
        }
    } catch (const store::DatabaseError&) {
        error = "The database cannot be reached";
    }
    JsonWriter out;
    out.begin_object()
        .field("service", kService)
        .field("version", version(request))
        .field("status", error.empty() ? "healthy" : "error");
    if (!error.empty()) out.field("error", error);
    out.field("timestamp", context.clock.now())
        .field("hostname", details ? context.own_hostname : "")
        .key("system");
    write_system(out, own);
    out.key("background_tasks");
    write_tasks(out, context, details);
    out.key("sealing").begin_object().field("enabled", context.sealing.options().cpu_percent > 0);
    write_sealing(out, metric_days);
    out.key("processes").begin_object();
    write_sealing(out, process_days);
    out.end_object().end_object();
    out.key("dependencies")
        .begin_object()
        .field("postgres", error.empty() ? "up" : "down")
        .field("redis", context.cache.ping() ? "up" : "down")
        .end_object()
        .key("ingest")
        .begin_object()
        .field("queue_length", context.ingest.queue_length())
        .field("queue_capacity", context.ingest.queue_capacity())
        .end_object()
        .end_object();
    return json_response(out);
}

http::Response metrics(const Context& context, const http::Request& request) {
    http::refuse_parameters(request);
    const bool open_metrics =
        request.header("accept").find("application/openmetrics-text") != std::string_view::npos;
    http::Response response;
    response.body = context.metrics.expose(open_metrics);
    response.content_type = open_metrics
                                ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                : "text/plain; version=0.0.4; charset=utf-8";
    return response;
}

}  // namespace

void add_status_routes(http::Router& router, Context& context) {
    const auto open = [&](const char* path, auto handler) {
        router.add({http::Method::get, path, http::Role::none, http::BodyRule::none, 0,
                    [&context, handler](const http::Request& request) {
                        return handler(context, request);
                    }});
    };
    router.add({http::Method::get, "/", http::Role::none, http::BodyRule::none, 0,
                [](const http::Request& request) {
                    if (!prefers_html(request)) return root(request);
                    http::Response to_dashboard;
                    to_dashboard.status = 302;
                    return to_dashboard.with("Location", "/ui/").with("Vary", "Accept");
                }});
    open("/health", health);
    open("/api/v1/health", health);
    open("/ready", ready);
    open("/status", status);
    router.add({http::Method::get, "/metrics", http::Role::viewer, http::BodyRule::none, 0,
                [&context](const http::Request& request) { return metrics(context, request); },
                true});
}

}  // namespace chorus::api
