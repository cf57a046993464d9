// Evaluation of rules on demand: POST /alerts/check over what is, POST /alert-rules/test over what
// was.
#include <algorithm>
#include <memory>
#include <semaphore>

#include "aggregator/alerts/backtest.h"
#include "aggregator/api/rules/routes.h"
#include "aggregator/api/support/audit.h"
#include "aggregator/api/support/context.h"
#include "aggregator/api/support/errors.h"
#include "aggregator/api/support/json_answer.h"
#include "aggregator/api/support/json_body.h"
#include "aggregator/api/support/rate_limit.h"
#include "aggregator/api/support/timings.h"
#include "aggregator/api/support/transaction.h"
#include "aggregator/history/host_reader.h"
#include "aggregator/http/parameters.h"
#include "aggregator/rules/rule_input.h"
#include "aggregator/tasks/alert_check.h"
#include "common/json/json_reader.h"

namespace chorus::api {
namespace {

using http::HttpError;

constexpr std::size_t kCheckCalls = 10;
constexpr std::chrono::seconds kCheckWindow{60};
constexpr std::int64_t kMostDays = 30;
// Steps shorter than this tell nothing more about days.
constexpr std::chrono::seconds kLeastStep{30};
// Each keeps a session of the database for seconds; the others are for who reads and ingests.
constexpr std::ptrdiff_t kTestsAtOnce = 2;
using Slots = std::counting_semaphore<kTestsAtOnce>;

http::Response check(Context& context, RateLimit& limit, const http::Request& request) {
    http::Parameters p{request, http::Unknown::ignored};
    const auto hostname = p.hostname("hostname");
    p.throw_if_bad();
    limit.take();
    if (hostname && !store::HostReader{context.database, context.clock}.find(*hostname)) {
        host_not_found();
    }
    return in_transaction(context, request, [&](store::Session& session) {
        audit(session, request, "alerts.check", "host", hostname.value_or("*"));
        // Rules of all hosts are evaluated together, so one host's cost no less.
        const Timestamp started = context.alert_check.request();
        JsonWriter out;
        out.begin_object()
            .field("message", "Alert check started")
            .field("timestamp", started)
            .end_object();
        return json_response(out, 202);
    });
}

// The longest time of which samples of the rule's kind are kept.
std::int64_t most_days(const Context& context, const alerts::Condition& condition) {
    const bool processes = std::holds_alternative<alerts::ProcessMetricCondition>(condition);
    const auto kept = processes ? context.retention.process : context.retention.system;
    return kept ? std::min<std::int64_t>(kMostDays, kept->count()) : kMostDays;
}

void write_firing(JsonWriter& out, const alerts::Firing& firing, Timestamp end) {
    const auto length = firing.resolved_at.value_or(end) - firing.fired_at;
    out.begin_object()
        .field("hostname", firing.hostname)
        .field("source", firing.source)
        .field("title", firing.title)
        .field("description", firing.description)
        .field("severity", store::to_string(firing.severity))
        .field("value", firing.value)
        .field("threshold", firing.threshold)
        .field("fired_at", firing.fired_at)
        .field("resolved_at", firing.resolved_at)
        .field("duration_seconds", std::chrono::duration_cast<std::chrono::seconds>(length).count())
        .end_object();
}

http::Response test(Context& context, Slots& slots, const http::Request& request) {
    http::Parameters p{request};
    const std::int64_t days = p.integer("days", 7, 1, kMostDays);
    const JsonValue body = read_json_body(request);
    const auto draft = alerts::parse_rule(body, context.rule_context, p.faults());
    alerts::refuse_unknown_rule_members(body, p.faults());
    p.throw_if_bad();
    if (const auto most = most_days(context, draft.condition); days > most) {
        p.fault(http::error_above({std::string("query"), std::string("days")}, most));
        p.throw_if_bad();
    }
    const alerts::Rule rule{Uuid{},          draft.name,
                            draft.condition, draft.durations,
                            draft.severity,  std::chrono::minutes{draft.cooldown_minutes}};
    alerts::BacktestOptions options;
    options.to = context.clock.now();
    options.from = options.to - std::chrono::days{days};
    options.step = std::max(context.alert_check_interval, kLeastStep);
    if (!slots.try_acquire()) {
        throw HttpError(503, "busy", "Other rules are being tested; try again in a moment", 2);
    }
    const std::unique_ptr<Slots, void (*)(Slots*)> slot{&slots, [](Slots* s) { s->release(); }};
    Timings timings;
    const auto result = timings.db([&] {
        try {
            return context.database.read([&](store::Session& session) {
                return alerts::backtest(session, rule, options, context.clock);
            });
        } catch (const alerts::BacktestTooLong&) {
            throw HttpError(503, "query_timeout",
                            "There is too much history; name fewer hosts or fewer days", 5);
        }
    });
    JsonWriter out;
    out.begin_object().key("firings").begin_array();
    for (const auto& firing : result.firings) write_firing(out, firing, options.to);
    out.end_array()
        .field("total", result.total)
        .field("pages_per_week", static_cast<double>(result.total) * 7 / static_cast<double>(days))
        .field("days", days)
        .field("from", options.from)
        .field("to", options.to)
        .field("evaluations", result.evaluations)
        .field("subjects_seen", result.hosts)
        .end_object();
    http::Response response = json_response(out);
    timings.add_to(response);
    return response;
}

}  // namespace

void add_check_routes(http::Router& router, Context& context) {
    const auto limit = std::make_shared<RateLimit>(context.clock, kCheckCalls, kCheckWindow);
    const auto slots = std::make_shared<Slots>(kTestsAtOnce);
    router.add({http::Method::post, "/api/v1/alerts/check", http::Role::operator_,
                http::BodyRule::none, 0, guarded([&context, limit](const http::Request& request) {
                    return check(context, *limit, request);
                })});
    router.add({http::Method::post, "/api/v1/alert-rules/test", http::Role::operator_,
                http::BodyRule::json, 64U << 10U,
                guarded([&context, slots](const http::Request& request) {
                    return test(context, *slots, request);
                })});
}

}  // namespace chorus::api
