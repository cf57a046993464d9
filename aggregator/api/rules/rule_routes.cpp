// /api/v1/alert-rules: the rules that make alerts.
#include "aggregator/alert_store/alert_reader.h"
#include "aggregator/alert_store/alert_store.h"
#include "aggregator/alert_store/rule_store.h"
#include "aggregator/api/rules/routes.h"
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
#include "aggregator/rules/rule_input.h"
#include "aggregator/rules/rule_warnings.h"
#include "common/json/json_reader.h"

namespace chorus::api {
namespace {

using http::HttpError;

void write_rule_fields(JsonWriter& out, const store::RuleRow& rule) {
    out.field("id", rule.id.to_string())
        .field("name", rule.name)
        .field("description", rule.description)
        .field("rule_type", rule.rule_type)
        .key("condition")
        .raw(rule.condition_json)
        .field("severity", rule.severity)
        .key("notification_channels")
        .raw(rule.notification_channels_json)
        .field("cooldown_minutes", rule.cooldown_minutes)
        .field("is_active", rule.is_active)
        .field("created_at", rule.created_at)
        .field("updated_at", rule.updated_at)
        .field("last_triggered_at", rule.last_triggered_at)
        .field("state", rule.is_active ? std::string_view{rule.state} : "inactive")
        .field("last_error", rule.last_error)
        .field("stock", rule.stock);
}

void write_rule(JsonWriter& out, const store::RuleRow& rule, const FieldErrors& warnings) {
    out.begin_object();
    write_rule_fields(out, rule);
    write_warnings(out, warnings);
    out.end_object();
}

// `body` is what the client wrote, if it did: members that are ignored are told.
http::Response rule_response(store::Session& session, const http::Request& request,
                             const store::RuleRow& rule, int status = 200,
                             const std::optional<JsonValue>& body = std::nullopt) {
    FieldErrors warnings = alerts::rule_warnings(session, {rule}).front();
    if (body) {
        FieldErrors unknown;
        alerts::refuse_unknown_rule_members(*body, unknown);
        alerts::add_ignored(unknown, warnings);
    }
    JsonWriter out;
    write_rule(out, rule, warnings);
    http::Response response = json_response(out, status);
    add_etag(response, request, rule.updated_at);
    return response;
}

// The rule as it stands after the call, or stood before it was deleted.
void audit_rule(store::Session& session, const http::Request& request, const char* action,
                const store::RuleRow& rule) {
    JsonWriter detail;
    detail.begin_object();
    write_rule_fields(detail, rule);
    detail.end_object();
    audit(session, request, action, "rule", rule.id.to_string(), detail.text());
}

[[noreturn]] void rule_not_found() {
    throw HttpError(404, "rule_not_found", "Alert rule not found");
}

[[noreturn]] void name_exists() {
    throw HttpError(409, "name_exists",
                    "Another alert rule has this name (case and Unicode form do not count)");
}

Uuid rule_id(const http::Request& request) {
    http::Parameters p{request, http::Unknown::ignored};
    const Uuid id = p.path_uuid("rule_id");
    p.throw_if_bad();
    return id;
}

http::Response list(Context& context, const http::Request& request) {
    http::Parameters p{request, http::Unknown::ignored};
    store::RuleQuery query;
    query.active_only = p.boolean("active_only", false);
    query.rule_type =
        p.choice("rule_type", {"system_metric", "service_health", "process_metric", "host_silent"});
    query.limit = p.integer("limit", 100, 1, kMostRows);
    query.offset = p.integer_of({"skip", "offset"}, 0, 0, kMostOffset);
    const bool count = p.boolean("count", false);
    p.throw_if_bad();
    const std::int64_t limit = query.limit++;  // one more tells whether there is a next page
    Timings timings;
    std::optional<std::int64_t> total;
    std::vector<FieldErrors> warnings;
    auto rules = timings.db([&] {
        return context.database.read([&](store::Session& session) {
            if (count) total = store::count_rules(session, query);
            auto found = store::list_rules(session, query);
            warnings = alerts::rule_warnings(session, found);
            return found;
        });
    });
    const bool more = static_cast<std::int64_t>(rules.size()) > limit;
    if (more) rules.resize(static_cast<std::size_t>(limit));
    JsonWriter out;
    out.begin_array();
    for (std::size_t i = 0; i < rules.size(); ++i) write_rule(out, rules[i], warnings[i]);
    out.end_array();
    http::Response response = json_response(out);
    if (more) add_next_link(response, request, "skip", std::to_string(query.offset + limit));
    if (total) response.with("X-Total-Count", std::to_string(*total));
    timings.add_to(response);
    return response;
}

http::Response read_one(Context& context, const http::Request& request) {
    const Uuid id = rule_id(request);
    return context.database.read([&](store::Session& session) {
        const auto rule = store::find_rule(session, id);
        if (!rule) rule_not_found();
        return rule_response(session, request, *rule);
    });
}

std::string channels_json(const std::vector<std::string>& channels) {
    JsonWriter out;
    out.begin_array();
    for (const auto& channel : channels) out.value(channel);
    return out.end_array().take();
}

store::RuleRow row_of(const alerts::RuleDraft& draft) {
    store::RuleRow rule;
    rule.name = draft.name;
    rule.description = draft.description;
    rule.rule_type = alerts::rule_type(draft.condition);
    rule.condition_json = draft.condition_json;
    rule.severity = store::to_string(draft.severity);
    rule.notification_channels_json = channels_json(draft.notification_channels);
    rule.cooldown_minutes = static_cast<std::int32_t>(draft.cooldown_minutes);
    rule.is_active = draft.is_active;
    return rule;
}

template <typename Work>
http::Response storing(Context& context, const http::Request& request, Work&& work) {
    try {
        return in_transaction(context, request, std::forward<Work>(work));
    } catch (const store::RuleNameTaken&) {
        name_exists();
    }
}

http::Response create(Context& context, const http::Request& request) {
    FieldErrors errors;
    const JsonValue body = read_json_body(request);
    const auto draft = alerts::parse_rule(body, context.rule_context, errors);
    if (!errors.empty()) throw http::ValidationError(errors);
    return storing(context, request, [&](store::Session& session) {
        const auto rule = store::insert_rule(session, row_of(draft));
        audit_rule(session, request, "rule.create", rule);
        auto response = rule_response(session, request, rule, 201, body);
        response.with("Location", "/api/v1/alert-rules/" + rule.id.to_string());
        return response;
    });
}

void apply(const alerts::RuleChange& change, store::RuleRow& rule) {
    if (change.name) rule.name = *change.name;
    if (change.description) rule.description = *change.description;
    if (change.condition_json) rule.condition_json = *change.condition_json;
    if (change.severity) rule.severity = store::to_string(*change.severity);
    if (change.notification_channels) {
        rule.notification_channels_json = channels_json(*change.notification_channels);
    }
    if (change.cooldown_minutes) {
        rule.cooldown_minutes = static_cast<std::int32_t>(*change.cooldown_minutes);
    }
    if (change.is_active) rule.is_active = *change.is_active;
}

http::Response change(Context& context, const http::Request& request) {
    const Uuid id = rule_id(request);
    const JsonValue body = read_json_body(request);
    return storing(context, request, [&](store::Session& session) {
        auto rule = store::find_rule(session, id, true);
        if (!rule) rule_not_found();
        check_if_match(request, rule->updated_at);
        FieldErrors errors;
        const auto wanted =
            alerts::parse_rule_change(body, rule->rule_type, context.rule_context, errors);
        if (!errors.empty()) throw http::ValidationError(errors);
        if (!wanted.empty()) {
            apply(wanted, *rule);
            rule = store::update_rule(session, *rule);
            audit_rule(session, request, "rule.update", *rule);
        }
        return rule_response(session, request, *rule, 200, body);
    });
}

http::Response remove(Context& context, const http::Request& request) {
    const Uuid id = rule_id(request);
    return in_transaction(context, request, [&](store::Session& session) {
        const auto rule = store::find_rule(session, id, true);
        if (!rule) rule_not_found();
        check_if_match(request, rule->updated_at);
        std::vector<store::StatusChange> closed;
        for (const Uuid& alert : store::open_alerts_of_rule(session, id)) {
            closed.push_back({.alert_id = alert,
                              .to = store::AlertStatus::resolved,
                              .actor = request.principal.name,
                              .by = "rule_deleted",
                              .comment = "rule_deleted"});
        }
        store::change_statuses(session, closed, context.clock.now());
        audit_rule(session, request, "rule.delete", *rule);
        store::delete_rule(session, id);
        JsonWriter out;
        out.begin_object().field("message", "Alert rule deleted successfully").end_object();
        return json_response(out);
    });
}

}  // namespace

void add_rule_routes(http::Router& router, Context& context) {
    constexpr const char* kAll = "/api/v1/alert-rules";
    constexpr const char* kOne = "/api/v1/alert-rules/{rule_id}";
    constexpr std::size_t kBody = 64U << 10U;
    const auto with = [&context](auto handler) {
        return guarded([&context, handler](const http::Request& request) {
            return handler(context, request);
        });
    };
    using http::BodyRule;
    using http::Method;
    using http::Role;
    router.add({Method::get, kAll, Role::viewer, BodyRule::none, 0, with(list)});
    router.add({Method::post, kAll, Role::operator_, BodyRule::json, kBody, with(create)});
    router.add({Method::get, kOne, Role::viewer, BodyRule::none, 0, with(read_one)});
    router.add({Method::patch, kOne, Role::operator_, BodyRule::json, kBody, with(change)});
    router.add({Method::del, kOne, Role::operator_, BodyRule::none, 0, with(remove)});
}

}  // namespace chorus::api
