// /api/v1/tokens, for admins, POST /api/v1/agents/enroll, for hosts with an enrolment token, and
// POST /api/v1/sessions, for the dashboard with a sign-in link.
#include <charconv>

#include "aggregator/access/audit_log.h"
#include "aggregator/access/token_store.h"
#include "aggregator/api/access/login_guard.h"
#include "aggregator/api/access/routes.h"
#include "aggregator/api/access/token.h"
#include "aggregator/api/access/token_memory.h"
#include "aggregator/api/support/context.h"
#include "aggregator/api/support/errors.h"
#include "aggregator/api/support/json_answer.h"
#include "aggregator/api/support/json_body.h"
#include "aggregator/api/support/timings.h"
#include "aggregator/http/parameters.h"
#include "common/batch/batch.h"
#include "common/batch/batch_json.h"
#include "common/json/json_checks.h"
#include "common/json/unknown_name.h"

namespace chorus::api {
namespace {

using http::HttpError;
using json_checks::Checker;
using json_checks::IntegerRange;
using json_checks::Path;

constexpr std::int64_t kMostNameBytes = 255;

void write_token(JsonWriter& out, const store::TokenRow& token) {
    out.field("id", token.token_id).field("name", token.name).field("role", token.role);
    out.key("agent_id");
    token.agent_id ? out.value(token.agent_id->to_string()) : out.null();
    out.field("created_at", token.created_at)
        .field("last_used_at", token.last_used_at)
        .field("expires_at", token.expires_at)
        .field("revoked_at", token.revoked_at)
        .key("uses_left");
    token.uses_left ? out.value(std::int64_t{*token.uses_left}) : out.null();
}

store::AuditEntry audit_of(const http::Request& request, std::string action,
                           const store::TokenRow& token) {
    JsonWriter detail;
    detail.begin_object().field("name", token.name).field("role", token.role).end_object();
    return {.actor = request.principal.name,
            .token_id = request.principal.token_id,
            .action = std::move(action),
            .object_type = "token",
            .object_id = std::to_string(token.token_id),
            .client_ip = request.client_ip,
            .request_id = request.request_id,
            .detail_json = std::string(detail.text())};
}

http::Response list(Context& context, const http::Request& request) {
    http::refuse_parameters(request);
    Timings timings;
    const store::TokenStore tokens{context.database};
    const auto rows = timings.db([&] { return tokens.list(); });
    JsonWriter out;
    out.begin_array();
    for (const auto& token : rows) {
        out.begin_object();
        write_token(out, token);
        out.end_object();
    }
    out.end_array();
    http::Response response = json_response(out);
    timings.add_to(response);
    return response;
}

// Reads members of a body, collecting faults.
class Body {
  public:
    explicit Body(const http::Request& request)
        : parameters_(request), checker_(parameters_.faults()), root_("body") {
        const auto object = checker_.object(read_json_body(request), root_);
        if (!object) parameters_.throw_if_bad();
        object_ = *object;
    }

    std::string required_text(std::string_view name, std::size_t most) {
        const auto value = find(name);
        if (!value) {
            checker_.missing(root_ / name);
            return {};
        }
        std::string text{checker_.text(*value, root_ / name, most)};
        if (value->is_string() && value->get_string().value_unsafe().empty()) {
            checker_.too_short(root_ / name, 1);
        }
        return text;
    }
    std::optional<std::int64_t> integer(std::string_view name, IntegerRange range) {
        const auto value = find(name);
        return value ? checker_.integer(*value, root_ / name, range) : std::nullopt;
    }
    std::optional<Uuid> uuid(std::string_view name) {
        const auto value = find(name);
        return value ? checker_.uuid(*value, root_ / name) : std::nullopt;
    }
    void fail(std::string_view name, std::string type, std::string message) {
        checker_.fail(root_ / name, std::move(type), std::move(message));
    }
    // Members that nobody asked for until now are unknown.
    void throw_if_bad() {
        refuse_unknown(object_, root_, known_, checker_);
        parameters_.throw_if_bad();
    }

  private:
    // null means the same as absent.
    std::optional<JsonValue> find(std::string_view name) {
        known_.emplace_back(name);
        JsonValue value;
        if (object_.at_key(name).get(value) != simdjson::SUCCESS || value.is_null()) {
            return std::nullopt;
        }
        return value;
    }

    http::Parameters parameters_;
    Checker checker_;
    Path root_;
    simdjson::dom::object object_;
    std::vector<std::string> known_;
};

store::NewToken read_new_token(const http::Request& request) {
    Body body{request};
    store::NewToken token{.name = body.required_text("name", kMostNameBytes),
                          .role = body.required_text("role", 16),
                          .hash = {}};
    const bool enrol = token.role == "enrol";
    const auto role = http::role_from_name(token.role);
    if (!token.role.empty() && !enrol && (!role || *role == http::Role::none)) {
        body.fail("role", "string_pattern_mismatch",
                  "String should match pattern '^(agent|viewer|operator|admin|enrol)$'");
    }
    const auto uses = body.integer("uses", {1, kMostEnrolmentUses});
    const auto hours = body.integer("valid_hours", {1, kMostEnrolmentHours});
    if (!enrol && (uses || hours)) {
        body.fail(uses ? "uses" : "valid_hours", "value_error",
                  "Value error, only a token of the role enrol has this");
    }
    body.throw_if_bad();
    if (enrol) {
        token.uses = static_cast<std::int32_t>(uses.value_or(1));
        token.valid_for = std::chrono::hours{hours.value_or(kMostEnrolmentHours)};
    }
    return token;
}

// A token that was just made, with its secret, which is not told again.
http::Response made(const store::TokenRow& token, const std::string& secret) {
    JsonWriter out;
    out.begin_object();
    write_token(out, token);
    out.field("token", secret).end_object();
    http::Response response = json_response(out, 201);
    response.with("Cache-Control", "no-store");
    return response;
}

http::Response create(Context& context, const http::Request& request) {
    store::NewToken wanted = read_new_token(request);
    const std::string secret = make_token(wanted.role);
    wanted.hash = hash_token(secret);
    const auto lease = context.database.acquire();
    store::Transaction transaction{*lease};
    const auto token = store::insert_token(*lease, wanted);
    store::write_audit(*lease, audit_of(request, "token.create", token));
    transaction.commit();
    http::Response response = made(token, secret);
    response.with("Location", "/api/v1/tokens/" + std::to_string(token.token_id));
    return response;
}

http::Response revoke(Context& context, const http::Request& request) {
    http::refuse_parameters(request);
    const std::string_view text = request.path_parameter("token_id");
    std::int64_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc{} || end != text.data() + text.size()) {
        FieldErrors errors;
        errors.add({"int_parsing",
                    {std::string("path"), std::string("token_id")},
                    "Input should be a valid integer, unable to parse string as an integer"});
        throw http::ValidationError(errors);
    }
    const auto lease = context.database.acquire();
    store::Transaction transaction{*lease};
    const auto token = store::revoke_token(*lease, id);
    if (!token) {
        throw HttpError(404, "token_not_found", "Token not found, or revoked already");
    }
    store::write_audit(*lease, audit_of(request, "token.revoke", *token));
    transaction.commit();
    context.tokens.forget(id);
    JsonWriter out;
    out.begin_object().field("message", "Token revoked").end_object();
    return json_response(out);
}

[[noreturn]] void enrolment_invalid(Context& context, const http::Request& request) {
    context.logins.failed(request.client_ip);
    throw HttpError(401, "enrolment_invalid",
                    "This enrolment token is unknown, used up, expired or revoked; make another "
                    "with `chorus-aggregator token create --role enrol`");
}

// Who holds an enrolment token and knows an agent's id is not that agent yet.
void refuse_if_enrolled(store::Session& session, const Uuid& agent_id) {
    const auto valid = store::claim_agent(session, agent_id);
    if (valid.empty()) return;
    throw HttpError(409, "agent_enrolled",
                    "This agent has a valid token already; if it works, there is nothing to do. "
                    "If it is lost, revoke it with `chorus-aggregator token revoke " +
                        std::to_string(valid.front()) + "` and enrol again");
}

std::string_view bearer(const http::Request& request) {
    const std::string_view header = request.header("authorization");
    const auto space = header.find(' ');
    if (space == std::string_view::npos ||
        !equals_ignoring_case(header.substr(0, space), "bearer")) {
        return {};
    }
    return trim(header.substr(space));
}

http::Response enroll(Context& context, const http::Request& request) {
    const std::string_view enrolment = bearer(request);
    if (!is_well_formed_token(enrolment)) enrolment_invalid(context, request);
    const std::string enrolment_hash = hash_token(enrolment);
    context.logins.admit(request.client_ip, enrolment_hash);
    Body body{request};
    const std::string hostname = body.required_text("hostname", limits::kHostnameBytes);
    if (!hostname.empty() && !is_hostname(hostname)) {
        body.fail("hostname", "string_pattern_mismatch",
                  "String should match pattern '^[A-Za-z0-9_][A-Za-z0-9._-]*$'");
    }
    const auto agent_id = body.uuid("agent_id");
    body.throw_if_bad();

    const std::string secret = make_token("agent");
    const auto lease = context.database.acquire();
    store::Transaction transaction{*lease};
    const auto used = store::use_token(*lease, enrolment_hash, "enrol");
    if (!used) enrolment_invalid(context, request);
    if (store::host_taken(*lease, hostname, agent_id)) {
        throw HttpError(409, "host_exists",
                        "Another agent reports for a host of this name; stop that one or give this "
                        "host another --hostname");
    }
    if (agent_id) refuse_if_enrolled(*lease, *agent_id);
    const auto token = store::insert_token(*lease, {.name = hostname,
                                                    .role = "agent",
                                                    .hash = hash_token(secret),
                                                    .agent_id = agent_id,
                                                    .enrolled_by = used->token_id});
    auto audit = audit_of(request, "agent.enroll", token);
    audit.actor = used->name;
    audit.token_id = used->token_id;
    store::write_audit(*lease, audit);
    transaction.commit();
    JsonWriter out;
    out.begin_object()
        .field("token", secret)
        .field("token_id", token.token_id)
        .field("hostname", hostname)
        .end_object();
    return json_response(out, 201);
}

[[noreturn]] void link_invalid(Context& context, const http::Request& request) {
    context.logins.failed(request.client_ip);
    throw HttpError(401, "link_invalid",
                    "This sign-in link is unknown, was used before or has ended; make another with "
                    "`chorus-aggregator sign-in-link`");
}

// The use of the link and the session are one transaction: of two that come at once one waits for
// the other's row and finds no use left.
http::Response begin_session(Context& context, const http::Request& request) {
    http::refuse_parameters(request);
    const std::string_view link = bearer(request);
    if (!is_well_formed_token(link)) link_invalid(context, request);
    const std::string link_hash = hash_token(link);
    context.logins.admit(request.client_ip, link_hash);
    const std::string secret = make_token("admin");
    const auto lease = context.database.acquire();
    store::Transaction transaction{*lease};
    const auto used = store::use_token(*lease, link_hash, "signin");
    if (!used) link_invalid(context, request);
    const auto token = store::insert_token(*lease, {.name = used->name,
                                                    .role = "admin",
                                                    .hash = hash_token(secret),
                                                    .valid_for = std::chrono::hours{kSessionHours},
                                                    .is_session = true});
    auto audit = audit_of(request, "session.begin", token);
    audit.actor = used->name;
    audit.token_id = used->token_id;
    store::write_audit(*lease, audit);
    transaction.commit();
    return made(token, secret);
}

}  // namespace

void add_token_routes(http::Router& router, Context& context) {
    const auto add = [&](http::Method method, const char* path, http::Role role,
                         http::BodyRule body, auto work) {
        router.add({method, path, role, body, 16U << 10U,
                    guarded([&context, work](const http::Request& request) {
                        return work(context, request);
                    })});
    };
    using http::BodyRule, http::Method, http::Role;
    add(Method::get, "/api/v1/tokens", Role::admin, BodyRule::none, list);
    add(Method::post, "/api/v1/tokens", Role::admin, BodyRule::json, create);
    add(Method::del, "/api/v1/tokens/{token_id}", Role::admin, BodyRule::none, revoke);
    // Open, because an enrolment token is good for nothing else: the handler looks at it.
    add(Method::post, "/api/v1/agents/enroll", Role::none, BodyRule::json, enroll);
    add(Method::post, "/api/v1/sessions", Role::none, BodyRule::none, begin_session);
}

}  // namespace chorus::api
