// /api/v1/alerts: reading, opening by hand, acknowledging and resolving.
#include "aggregator/alert_store/alert_json.h"
#include "aggregator/api/alerts/alert_input.h"
#include "aggregator/api/alerts/routes.h"
#include "aggregator/api/support/audit.h"
#include "aggregator/api/support/context.h"
#include "aggregator/api/support/errors.h"
#include "aggregator/api/support/json_answer.h"
#include "aggregator/api/support/json_body.h"
#include "aggregator/api/support/list_query.h"
#include "aggregator/api/support/paging.h"
#include "aggregator/api/support/preconditions.h"
#include "aggregator/api/support/timings.h"
#include "aggregator/api/support/transaction.h"
#include "aggregator/http/parameters.h"
#include "common/batch/batch.h"
#include "common/json/json_reader.h"
#include "common/log.h"

namespace chorus::api {
namespace {

using http::HttpError;
using http::Request;
using http::Response;
using store::AlertRow;
using store::ChangeResult;
using store::Session;

constexpr Logger kAlertRoutesLog{"alerts"};

[[noreturn]] void alert_not_found() {
    throw HttpError(404, "alert_not_found", "Alert not found");
}

Uuid alert_id(const Request& request) {
    http::Parameters p{request, http::Unknown::ignored};
    const Uuid id = p.path_uuid("alert_id");
    p.throw_if_bad();
    return id;
}

std::vector<Uuid> read_ids(http::Parameters& p, std::string_view name) {
    std::vector<Uuid> ids;
    for (const auto& text : p.texts(name, 100, kMostValues)) {
        if (const auto id = Uuid::parse(text)) {
            ids.push_back(*id);
        } else {
            p.fault({"uuid_parsing",
                     {std::string("query"), std::string(name)},
                     "Input should be a valid UUID"});
        }
    }
    return ids;
}

// A source may contain commas itself: the whole value counts as well as its parts.
std::vector<std::string> read_sources(http::Parameters& p, const Request& request) {
    auto sources = p.texts("source", 255, kMostValues);
    for (const auto& [name, value] : request.query) {
        if (name == "source" && value.find(',') != std::string::npos) sources.push_back(value);
    }
    return sources;
}

std::string position_of(const AlertRow& alert) {
    return std::to_string(to_unix_micros(alert.created_at)) + '.' + alert.id.to_string();
}

std::optional<store::AlertCursor> read_alert_cursor(const Request& request, http::Parameters& p) {
    const auto position = read_position(request, p);
    if (!position) return std::nullopt;
    const auto dot = position->find('.');
    const auto id = Uuid::parse(position->substr(std::min(dot, position->size() - 1) + 1));
    if (!id) return std::nullopt;  // a checksum that fits by chance
    return store::AlertCursor{from_unix_micros(std::stoll(*position)), *id};
}

Response list_alerts(Context& context, const Request& request) {
    http::Parameters p{request, http::Unknown::ignored};
    store::AlertQuery query;
    query.statuses = read_choices(p, "status", store::kAlertStatuses);
    query.severities = read_choices(p, "severity", store::kSeverities);
    query.hostnames = p.texts("hostname", limits::kHostnameBytes, kMostValues);
    query.rule_ids = read_ids(p, "rule_id");
    query.alert_types = p.texts("alert_type", 100, kMostValues);
    query.sources = read_sources(p, request);
    query.since = p.timestamp("since");
    query.limit = p.integer("limit", 100, 1, kMostRows);
    query.offset = p.integer_of({"skip", "offset"}, 0, 0, kMostOffset);
    query.after = read_alert_cursor(request, p);
    const bool count = p.boolean("count", false);
    p.throw_if_bad();

    const std::int64_t limit = query.limit++;  // one more tells whether there is a next page
    Timings timings;
    std::optional<std::int64_t> total;
    auto alerts = timings.db([&] {
        return context.database.read([&](Session& session) {
            if (count) total = store::count_alerts(session, query);
            return store::find_alerts(session, query);
        });
    });
    const bool more = static_cast<std::int64_t>(alerts.size()) > limit;
    if (more) alerts.resize(static_cast<std::size_t>(limit));
    JsonWriter out;
    out.begin_array();
    for (const auto& alert : alerts) store::write_alert(out, alert);
    out.end_array();
    Response response = json_response(out);
    if (more) {
        add_next_link(response, request, "cursor",
                      make_cursor(request, position_of(alerts.back())));
    }
    if (total) response.with("X-Total-Count", std::to_string(*total));
    timings.add_to(response);
    return response;
}

Response stats(Context& context) {
    Timings timings;
    const auto stats = timings.db([&] { return store::read_alert_stats(context.database); });
    JsonWriter out;
    store::write_alert_stats(out, stats);
    Response response = json_response(out);
    timings.add_to(response);
    return response;
}

// The alert with what it knows of its host at the moment it fired.
Response answer(Session& session, const Request& request, const AlertRow& alert, int status = 200) {
    JsonWriter out;
    store::write_alert_detail(out, alert, store::read_context(session, alert.id));
    Response response = json_response(out, status);
    add_etag(response, request, alert.updated_at);
    return response;
}

Response read_alert(Context& context, const Request& request) {
    const Uuid id = alert_id(request);
    return context.database.read([&](Session& session) {
        const auto alert = store::read_alert(session, id);
        if (!alert) alert_not_found();
        return answer(session, request, *alert);
    });
}

Response transitions(Context& context, const Request& request) {
    http::Parameters p{request};
    const Uuid id = p.path_uuid("alert_id");
    const std::int64_t limit = p.integer("limit", 100, 1, kMostRows);
    const std::int64_t offset = p.integer_of({"skip", "offset"}, 0, 0, kMostOffset);
    p.throw_if_bad();
    Timings timings;
    auto steps = timings.db([&] {
        return context.database.read([&](Session& session) {
            if (!store::read_alert(session, id)) alert_not_found();
            return store::read_transitions(session, id, limit + 1, offset);
        });
    });
    const bool more = static_cast<std::int64_t>(steps.size()) > limit;
    if (more) steps.resize(static_cast<std::size_t>(limit));
    JsonWriter out;
    out.begin_array();
    for (const auto& step : steps) store::write_transition(out, step);
    out.end_array();
    Response response = json_response(out);
    if (more) add_next_link(response, request, "skip", std::to_string(offset + limit));
    timings.add_to(response);
    return response;
}

Response create_alert(Context& context, const Request& request) {
    FieldErrors errors;
    store::NewAlert alert = parse_alert(read_json_body(request), errors);
    if (!errors.empty()) throw http::ValidationError(errors);
    // What clients post is an alert of its own each time, as in the original.
    alert.fingerprint = store::alert_fingerprint("api", alert.source, Uuid::random().to_string());
    alert.actor = request.principal.name;
    return in_transaction(context, request, [&](Session& session) {
        if (store::open_alerts_reach(session, context.max_open_alerts)) {
            throw HttpError(429, "too_many_alerts",
                            "Too many alerts are open; resolve some, or raise max-open-alerts", 60);
        }
        const auto opened = store::open_alert(session, alert, context.clock.now());
        const auto stored = store::read_alert(session, opened.id).value();
        audit(session, request, "alert.create", "alert", stored.id.to_string());
        kAlertRoutesLog.info("Alert created", {{"alert_id", stored.id.to_string()},
                                               {"alert_type", stored.alert_type},
                                               {"severity", to_string(stored.severity)}});
        Response response = answer(session, request, stored, 201);
        return response.with("Location", "/api/v1/alerts/" + stored.id.to_string());
    });
}

void change_state(Session& session, const Request& request, const AlertRow& alert,
                  const AlertChange& change, Timestamp now) {
    const bool acknowledges = change.status == store::AlertStatus::acknowledged;
    const auto& by = acknowledges ? change.acknowledged_by : change.resolved_by;
    const bool anonymous = !request.principal.token_id;
    store::StatusChange wanted{
        .alert_id = alert.id,
        .to = *change.status,
        .actor = anonymous ? by.value_or(request.principal.name) : request.principal.name,
        .by = by,
        .comment = change.comment};
    try {
        if (store::change_status(session, wanted, now) == ChangeResult::changed) return;
    } catch (const store::DatabaseError& e) {
        if (e.sqlstate() != store::sqlstate::kUniqueViolation) throw;
        throw HttpError(409, "already_open",
                        "A newer alert about the same thing is open; this one stays resolved");
    }
    throw HttpError(409, "invalid_transition",
                    "A resolved alert can only be reopened, by the status active");
}

// True if anything was changed.
bool apply(Session& session, const Request& request, const AlertRow& alert, AlertChange change,
           Timestamp now) {
    using store::AlertStatus;
    if (change.status && *change.status == alert.status) {
        // A repetition: whoever was first stays.
        change.acknowledged_by.reset();
        change.resolved_by.reset();
        change.status.reset();
    }
    if (change.acknowledged_by == alert.acknowledged_by) change.acknowledged_by.reset();
    if (change.resolved_by == alert.resolved_by) change.resolved_by.reset();
    if (change.status) {
        change_state(session, request, alert, change, now);
        if (*change.status == AlertStatus::acknowledged) change.acknowledged_by.reset();
        if (*change.status == AlertStatus::resolved) change.resolved_by.reset();
    } else if (change.comment) {
        store::add_comment(session, alert.id, request.principal.name, *change.comment, now);
    }
    if (change.acknowledged_by || change.resolved_by) {
        store::set_names(session, alert.id, change.acknowledged_by, change.resolved_by, now);
        return true;
    }
    return change.status || change.comment;
}

std::string describe(const AlertRow& before, const AlertRow& after, const AlertChange& change) {
    JsonWriter out;
    out.begin_object()
        .field("status_before", to_string(before.status))
        .field("status", to_string(after.status))
        .field("acknowledged_by", after.acknowledged_by)
        .field("resolved_by", after.resolved_by)
        .field("comment", change.comment)
        .end_object();
    return out.take();
}

Response change_alert(Context& context, const Request& request) {
    const Uuid id = alert_id(request);
    FieldErrors errors;
    const AlertChange change = parse_alert_change(read_json_body(request), errors);
    if (!errors.empty()) throw http::ValidationError(errors);
    acting_name(request, "acknowledged_by", change.acknowledged_by);
    acting_name(request, "resolved_by", change.resolved_by);
    return in_transaction(context, request, [&](Session& session) {
        const auto before = store::lock_alert(session, id);
        if (!before) alert_not_found();
        check_if_match(request, before->updated_at);
        if (!apply(session, request, *before, change, context.clock.now())) {
            return answer(session, request, *before);
        }
        const auto after = store::read_alert(session, id).value();
        audit(session, request, "alert.update", "alert", id.to_string(),
              describe(*before, after, change));
        return answer(session, request, after);
    });
}

}  // namespace

void add_alert_routes(http::Router& router, Context& context) {
    constexpr const char* kAll = "/api/v1/alerts";
    constexpr const char* kOne = "/api/v1/alerts/{alert_id}";
    constexpr std::size_t kBody = 64U << 10U;
    const auto with = [&context](auto handler) {
        return guarded(
            [&context, handler](const Request& request) { return handler(context, request); });
    };
    using http::BodyRule;
    using http::Method;
    using http::Role;
    router.add({Method::get, kAll, Role::viewer, BodyRule::none, 0, with(list_alerts)});
    router.add({Method::post, kAll, Role::operator_, BodyRule::json, kBody, with(create_alert)});
    router.add({Method::get, "/api/v1/alerts/stats", Role::viewer, BodyRule::none, 0,
                guarded([&context](const Request&) { return stats(context); })});
    router.add({Method::get, kOne, Role::viewer, BodyRule::none, 0, with(read_alert)});
    router.add({Method::patch, kOne, Role::operator_, BodyRule::json, kBody, with(change_alert)});
    router.add({Method::get, "/api/v1/alerts/{alert_id}/transitions", Role::viewer, BodyRule::none,
                0, with(transitions)});
}

}  // namespace chorus::api
