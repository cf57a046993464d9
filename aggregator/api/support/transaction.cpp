#include "aggregator/api/support/transaction.h"

#include <algorithm>

#include "aggregator/alert_store/idempotency.h"
#include "aggregator/http/parameters.h"
#include "aggregator/postgres/database.h"
#include "aggregator/postgres/sha256.h"

namespace chorus::api {
namespace {

using http::HttpError;
using http::Request;
using http::Response;

constexpr std::size_t kKeyLength = 255;
constexpr int kAttempts = 3;
constexpr std::string_view kKeyHeader = "idempotency-key";

[[noreturn]] void refuse(FieldError error) {
    FieldErrors errors;
    errors.add(std::move(error));
    throw http::ValidationError(errors);
}

// The header's text; the quotes that the draft wants around it do not matter.
std::optional<std::string> read_key(const Request& request) {
    if (request.method != http::Method::post) return std::nullopt;
    const Location at{std::string("header"), std::string(kKeyHeader)};
    std::optional<std::string> key;
    for (const auto& [name, value] : request.headers) {
        if (name != kKeyHeader) continue;
        if (key) refuse({"duplicate", at, "Header should be given once"});
        key = trim(value);
    }
    if (!key) return std::nullopt;
    if (key->size() >= 2 && key->front() == '"' && key->back() == '"') {
        key = key->substr(1, key->size() - 2);
    }
    if (key->empty()) {
        refuse({"string_too_short",
                at,
                "String should have at least 1 character",
                {{"min_length", std::int64_t{1}}}});
    }
    if (key->size() > kKeyLength) refuse(http::error_too_long(at, kKeyLength));
    if (!std::all_of(key->begin(), key->end(), [](char c) { return c >= ' ' && c <= '~'; })) {
        refuse(http::error_pattern(at, "^[ -~]+$"));
    }
    return key;
}

std::string scope_of(const Request& request) {
    std::string caller = "anonymous";
    if (request.principal.token_id) caller = std::to_string(*request.principal.token_id);
    return "POST " + request.path + ' ' + caller;
}

Response replay(const store::RememberedAnswer& answer) {
    Response response;
    response.status = answer.status;
    response.body = answer.body;
    for (std::size_t i = 0; i + 1 < answer.headers.size(); i += 2) {
        response.with(answer.headers[i], answer.headers[i + 1]);
    }
    return response.with("Idempotency-Replayed", "true");
}

Response run_once(Context& context, store::Session& session, const Request& request,
                  const std::string& key, const std::function<Response(store::Session&)>& work) {
    const std::string scope = scope_of(request);
    if (!store::claim_key(session, scope, key)) {
        throw HttpError(409, "in_progress",
                        "A request with this Idempotency-Key is still running; try again later");
    }
    const std::string hash = store::sha256(request.body);
    if (const auto known = store::find_answer(session, scope, key)) {
        if (known->request_hash == hash) return replay(*known);
        refuse({"idempotency_mismatch",
                {std::string("header"), std::string(kKeyHeader)},
                "This key was used with another body; take a new key for a new request"});
    }
    Response response = work(session);
    store::RememberedAnswer answer{hash, response.status, {}, response.body};
    for (const auto& [name, value] : response.headers) {
        if (name != "Location" && name != "ETag") continue;
        answer.headers.push_back(name);
        answer.headers.push_back(value);
    }
    store::remember_answer(session, scope, key, answer, context.clock.now());
    return response;
}

}  // namespace

Response in_transaction(Context& context, const Request& request,
                        const std::function<Response(store::Session&)>& work) {
    const auto key = read_key(request);
    const auto session = context.database.acquire();
    for (int attempt = 1;; ++attempt) {
        store::Transaction transaction{*session};
        try {
            Response response =
                key ? run_once(context, *session, request, *key, work) : work(*session);
            transaction.commit();
            return response;
        } catch (const store::DatabaseError& e) {
            const bool again = e.sqlstate() == store::sqlstate::kDeadlockDetected;
            if (again && attempt < kAttempts) continue;
            if (!store::sqlstate::is_fault_of_content(e.sqlstate())) throw;
            refuse({"value_error",
                    {std::string("body")},
                    "Value error, the database cannot hold this content"});
        }
    }
}

}  // namespace chorus::api
