// /api/v1/silences: times at which nobody wants to hear of some alerts.
#include "aggregator/alerts/silencing.h"
#include "aggregator/api/alerts/routes.h"
#include "aggregator/api/alerts/silence_input.h"
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
#include "common/json/json_reader.h"

namespace chorus::api {
namespace {

using http::HttpError;
using http::Request;
using http::Response;
using store::Session;
using store::SilenceRow;
using store::SilenceState;

constexpr std::int64_t kMostSilences = 1'000;  // that have not expired

[[noreturn]] void silence_not_found() {
    throw HttpError(404, "silence_not_found", "Silence not found");
}

[[noreturn]] void refuse(std::string type, Location location, std::string message) {
    FieldErrors errors;
    errors.add({std::move(type), std::move(location), std::move(message)});
    throw http::ValidationError(errors);
}

Uuid silence_id(const Request& request) {
    http::Parameters p{request};
    const Uuid id = p.path_uuid("silence_id");
    p.throw_if_bad();
    return id;
}

void write_matchers(JsonWriter& out, const store::SilenceMatchers& matchers) {
    const auto text = [&](std::string_view name, const std::optional<std::string>& value) {
        if (value) out.field(name, *value);
    };
    out.begin_object();
    text("hostname", matchers.hostname);
    text("alert_type", matchers.alert_type);
    text("source", matchers.source);
    if (matchers.rule_id) out.field("rule_id", matchers.rule_id->to_string());
    text("rule_name", matchers.rule_name);
    if (!matchers.severities.empty()) {
        out.key("severity").begin_array();
        for (const auto severity : matchers.severities) out.value(to_string(severity));
        out.end_array();
    }
    out.end_object();
}

void write_silence(JsonWriter& out, const SilenceRow& silence) {
    out.begin_object().field("id", silence.id.to_string()).key("matchers");
    write_matchers(out, silence.matchers);
    out.field("starts_at", silence.starts_at).field("ends_at", silence.ends_at).key("weekly");
    if (silence.weekly) {
        out.begin_object()
            .field("time_zone", silence.weekly->time_zone)
            .key("windows")
            .raw(silence.weekly->windows_json)
            .end_object();
    } else {
        out.null();
    }
    out.field("created_by", silence.created_by)
        .field("comment", silence.comment)
        .field("created_at", silence.created_at)
        .field("updated_at", silence.updated_at)
        .field("state", to_string(silence.state))
        .end_object();
}

Response answer(const SilenceRow& silence, int status = 200) {
    JsonWriter out;
    write_silence(out, silence);
    Response response = json_response(out, status);
    // No 304: the state changes with time alone.
    return response.with("ETag", etag_of(silence.updated_at));
}

std::string as_json(const SilenceRow& silence) {
    JsonWriter out;
    write_silence(out, silence);
    return out.take();
}

Response list_silences(Context& context, const Request& request) {
    http::Parameters p{request};
    store::SilenceQuery query;
    query.states = read_choices(p, "state", store::kSilenceStates);
    query.limit = p.integer("limit", 100, 1, kMostRows);
    query.offset = p.integer_of({"skip", "offset"}, 0, 0, kMostOffset);
    const bool count = p.boolean("count", false);
    p.throw_if_bad();
    const std::int64_t limit = query.limit++;
    const Timestamp now = context.clock.now();
    Timings timings;
    std::optional<std::int64_t> total;
    auto silences = timings.db([&] {
        return context.database.read([&](Session& session) {
            if (count) total = store::count_silences(session, query, now);
            return store::find_silences(session, query, now);
        });
    });
    const bool more = static_cast<std::int64_t>(silences.size()) > limit;
    if (more) silences.resize(static_cast<std::size_t>(limit));
    JsonWriter out;
    out.begin_array();
    for (const auto& silence : silences) write_silence(out, silence);
    out.end_array();
    Response response = json_response(out);
    if (more) add_next_link(response, request, "skip", std::to_string(query.offset + limit));
    if (total) response.with("X-Total-Count", std::to_string(*total));
    timings.add_to(response);
    return response;
}

Response read_silence(Context& context, const Request& request) {
    const Uuid id = silence_id(request);
    const auto silence = context.database.read(
        [&](Session& session) { return store::read_silence(session, id, context.clock.now()); });
    if (!silence) silence_not_found();
    return answer(*silence);
}

// PostgreSQL knows the zones, so this is told together with the other faults.
void check_time_zone(Context& context, const SilenceRow& silence, http::Parameters& p) {
    if (!silence.weekly || silence.weekly->time_zone.empty()) return;
    if (context.database.read([&](Session& session) {
            return store::known_time_zone(session, silence.weekly->time_zone);
        })) {
        return;
    }
    p.fault({"value_error",
             {std::string("body"), std::string("weekly"), std::string("time_zone")},
             "Value error, no such time zone; give an IANA name such as Europe/Berlin"});
}

Response create_silence(Context& context, const Request& request) {
    http::Parameters p{request};
    const Timestamp now = context.clock.now();
    SilenceRow silence = parse_silence(read_json_body(request), now, p.faults());
    check_time_zone(context, silence, p);
    p.throw_if_bad();
    silence.created_by =
        acting_name(request, "created_by",
                    silence.created_by.empty() ? std::nullopt : std::optional{silence.created_by});
    silence.created_at = silence.updated_at = now;
    return in_transaction(context, request, [&](Session& session) {
        const store::SilenceQuery unexpired{
            {SilenceState::pending, SilenceState::active, SilenceState::idle}};
        if (store::count_silences(session, unexpired, now) >= kMostSilences) {
            throw HttpError(409, "too_many_silences",
                            "There are 1000 silences already; end or delete some first");
        }
        silence.id = Uuid::random();
        store::insert_silence(session, silence);
        alerts::apply_silences(session, now);
        const auto stored = store::read_silence(session, silence.id, now).value();
        audit(session, request, "silence.create", "silence", silence.id.to_string(),
              as_json(stored));
        Response response = answer(stored, 201);
        return response.with("Location", "/api/v1/silences/" + silence.id.to_string());
    });
}

void apply(const SilenceChange& change, SilenceRow& silence, Timestamp now) {
    if (silence.state == SilenceState::expired && change.ends_at) {
        throw HttpError(409, "silence_expired", "The silence has ended; make a new one");
    }
    if (change.expire && silence.state != SilenceState::expired) {
        silence.ends_at = now;
        silence.starts_at = std::min(silence.starts_at, now);
    }
    if (change.ends_at) {
        if (!*change.ends_at && !silence.weekly) {
            refuse("value_error", {std::string("body"), std::string("ends_at")},
                   "Value error, only a weekly silence may have no end");
        }
        if (*change.ends_at && **change.ends_at <= silence.starts_at) {
            refuse("value_error", {std::string("body"), std::string("ends_at")},
                   "Value error, the end must be after the start");
        }
        silence.ends_at = *change.ends_at;
    }
    if (change.comment) silence.comment = *change.comment;
}

Response change_silence(Context& context, const Request& request) {
    http::Parameters p{request};
    const Uuid id = p.path_uuid("silence_id");
    const Timestamp now = context.clock.now();
    const SilenceChange change = parse_silence_change(read_json_body(request), now, p.faults());
    p.throw_if_bad();
    return in_transaction(context, request, [&](Session& session) {
        auto silence = store::read_silence(session, id, now, true);
        if (!silence) silence_not_found();
        check_if_match(request, silence->updated_at);
        const std::string before = as_json(*silence);
        apply(change, *silence, now);
        if (as_json(*silence) == before) return answer(*silence);
        silence->updated_at = now;
        store::update_silence(session, *silence);
        alerts::apply_silences(session, now);
        const auto stored = store::read_silence(session, id, now).value();
        audit(session, request, "silence.update", "silence", id.to_string(), as_json(stored));
        return answer(stored);
    });
}

Response remove(Context& context, const Request& request) {
    const Uuid id = silence_id(request);
    const Timestamp now = context.clock.now();
    return in_transaction(context, request, [&](Session& session) {
        const auto silence = store::read_silence(session, id, now, true);
        if (!silence) silence_not_found();
        check_if_match(request, silence->updated_at);
        store::delete_silence(session, id);
        alerts::apply_silences(session, now);
        audit(session, request, "silence.delete", "silence", id.to_string(), as_json(*silence));
        JsonWriter out;
        out.begin_object().field("message", "Silence deleted successfully").end_object();
        return json_response(out);
    });
}

}  // namespace

void add_silence_routes(http::Router& router, Context& context) {
    constexpr const char* kAll = "/api/v1/silences";
    constexpr const char* kOne = "/api/v1/silences/{silence_id}";
    constexpr std::size_t kBody = 64U << 10U;
    const auto with = [&context](auto handler) {
        return guarded(
            [&context, handler](const Request& request) { return handler(context, request); });
    };
    using http::BodyRule;
    using http::Method;
    using http::Role;
    router.add({Method::get, kAll, Role::viewer, BodyRule::none, 0, with(list_silences)});
    router.add({Method::post, kAll, Role::operator_, BodyRule::json, kBody, with(create_silence)});
    router.add({Method::get, kOne, Role::viewer, BodyRule::none, 0, with(read_silence)});
    router.add({Method::patch, kOne, Role::operator_, BodyRule::json, kBody, with(change_silence)});
    router.add({Method::del, kOne, Role::operator_, BodyRule::none, 0, with(remove)});
}

}  // namespace chorus::api
