#include "aggregator/http/dispatcher.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <mutex>

#include "aggregator/http/body.h"
#include "common/compress.h"
#include "common/http/url.h"
#include "common/log.h"
#include "common/uuid.h"

namespace chorus::http {
namespace {

constexpr Logger kDispatcherLog{"http"};
constexpr std::size_t kCompressAbove = 1'024;

bool valid_request_id(std::string_view id) {
    return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '.' || c == '_' || c == '-';
    });
}

Response not_authenticated(const Request& request) {
    return problem(request, 401, "unauthenticated", "Not authenticated")
        .with("WWW-Authenticate", "Bearer");
}

std::string allow_list(const std::vector<Method>& methods) {
    std::string list;
    for (const Method m : methods) {
        list += to_string(m);
        list += ", ";
    }
    return list + "OPTIONS";
}

std::string_view without_slash(std::string_view path) {
    return path.substr(0, path.size() - 1);
}

// The target as it came but for the slash that ends its path.
std::string slashless_target(std::string_view target) {
    const auto question = std::min(target.find('?'), target.size());
    return std::string(target.substr(0, question - 1)) + std::string(target.substr(question));
}

bool is_agent_route(const Route& route) {
    return route.role == Role::agent || route.body == BodyRule::ingest;
}

Response render(const Request& request, const HttpError& e) {
    if (e.retry_after_seconds()) {
        return retry_later(request, e.status(), e.code(), e.what(), *e.retry_after_seconds());
    }
    return problem(request, e.status(), e.code(), e.what());
}

// Logs what happened and tells the client nothing of it.
Response unexpected(const Request& request, const Route& route, const std::exception& e) {
    kDispatcherLog.error(
        "Request failed",
        {{"request_id", request.request_id}, {"route", route.pattern}, {"error", e.what()}});
    return problem(request, 500, "internal_error",
                   "Something went wrong here; the log has the details under the request id");
}

// Milliseconds with their thousandths, as Server-Timing wants them.
std::string total_duration(double seconds) {
    std::array<char, 48> text{};
    const int length = std::snprintf(text.data(), text.size(), "total;dur=%.3f", seconds * 1'000);
    return {text.data(), static_cast<std::size_t>(length)};
}

bool has_header(const Response& response, std::string_view name) {
    return std::any_of(response.headers.begin(), response.headers.end(),
                       [&](const auto& h) { return equals_ignoring_case(h.first, name); });
}

}  // namespace

Dispatcher::Dispatcher(Router router, Authenticator& authenticator, DispatcherOptions options,
                       MetricsRegistry& metrics)
    : router_(std::move(router)),
      authenticator_(authenticator),
      options_(std::move(options)),
      cors_(options_.cors_origins),
      metrics_(metrics) {}

std::optional<Response> Dispatcher::admit(Head& head, const Route*& route) {
    Request& request = head.request;
    const std::string_view given = request.header("x-request-id");
    request.request_id = valid_request_id(given) ? std::string(given) : Uuid::random().to_string();
    Router::Match match = router_.find(request.method, request.path);
    if (match.route == nullptr && match.allowed.empty()) {
        if (request.path.size() > 1 && request.path.ends_with('/') &&
            request.target[std::min(request.target.find('?'), request.target.size()) - 1] == '/' &&
            !router_.find(request.method, without_slash(request.path)).allowed.empty()) {
            Response redirect;
            redirect.status = 307;
            return redirect.with("Location", slashless_target(request.target));
        }
        return problem(request, 404, "not_found", "Not Found");
    }
    if (cors_.is_preflight(request)) return cors_.preflight(request);
    if (match.route == nullptr) {
        const std::string allowed = allow_list(match.allowed);
        if (request.method == Method::options) {
            Response options;
            options.status = 204;
            return options.with("Allow", allowed);
        }
        return problem(request, 405, "method_not_allowed", "Method Not Allowed")
            .with("Allow", allowed);
    }
    request.path_parameters = std::move(match.path_parameters);
    route = match.route;
    try {
        if (auto refused = authorise(request, *route)) return refused;
    } catch (const HttpError& e) {
        return render(request, e);
    } catch (const std::exception& e) {
        return unexpected(request, *route, e);
    }
    return check_body_headers(head, *route);
}

// A page of another site can give its own name the address of this machine, and a proxy on this
// machine passes on what strangers ask: both come from loopback, but name a domain in Host.
Role Dispatcher::anonymous_role(const Request& request) const {
    const bool denied = options_.no_anonymous_by_domain &&
                        is_domain_name(host_of_authority(request.header("host")));
    return denied ? Role::none : options_.anonymous_role;
}

std::optional<Response> Dispatcher::authorise(Request& request, const Route& route) {
    request.principal.role = anonymous_role(request);
    if (route.role == Role::none) return std::nullopt;
    if (std::count_if(request.headers.begin(), request.headers.end(),
                      [](const auto& h) { return h.first == "authorization"; }) > 1) {
        return not_authenticated(request);
    }
    const std::string_view header = request.header("authorization");
    if (header.empty()) {
        // Ingest is for agents alone, whatever strangers may read.
        if (!is_agent_route(route) && request.principal.role >= route.role) return std::nullopt;
        return not_authenticated(request);
    }
    const auto space = header.find(' ');
    const bool bearer =
        space != std::string_view::npos && equals_ignoring_case(header.substr(0, space), "bearer");
    const std::string_view token = bearer ? trim(header.substr(space)) : std::string_view{};
    auto principal = token.empty() ? std::nullopt
                                   : authenticator_.authenticate(
                                         token, request.client_ip,
                                         route.from_memory ? Verified::lately : Verified::now);
    if (!principal) return not_authenticated(request);
    request.principal = std::move(*principal);
    const bool allowed = is_agent_route(route) ? request.principal.role == Role::agent
                                               : request.principal.role >= route.role;
    if (allowed) return std::nullopt;
    const Role needed = is_agent_route(route) ? Role::agent : route.role;
    return problem(request, 403, "forbidden",
                   "This needs a token of the role " + std::string(to_string(needed)));
}

std::optional<Response> Dispatcher::inflate(Request& request) {
    try {
        inflate_body(request);
        return std::nullopt;
    } catch (const HttpError& e) {
        return render(request, e);
    }
}

Response Dispatcher::handle(const Route& route, Request& request) {
    try {
        return route.handler(request);
    } catch (const HttpError& e) {
        return render(request, e);
    } catch (const ValidationError& e) {
        return validation_failed(request, e.errors());
    } catch (const std::exception& e) {
        return unexpected(request, route, e);
    }
}

void Dispatcher::finish(const Request& request, const Route* route, double seconds,
                        Response& response) {
    response.with("X-Request-ID", request.request_id)
        .with("X-Content-Type-Options", "nosniff")
        .with("Server-Timing", total_duration(seconds));
    if (!has_header(response, "cache-control")) response.with("Cache-Control", "no-store");
    cors_.decorate(request, response);
    if (response.body.size() > kCompressAbove && !has_header(response, "content-encoding")) {
        response.with("Vary", "Accept-Encoding");
        if (accepts_gzip(request)) {
            response.body = gzip_compress(response.body, 1);
            response.with("Content-Encoding", "gzip");
        }
    }
    observe(route, response.status, seconds);
}

void Dispatcher::observe(const Route* route, int status, double seconds) {
    const std::pair key{route, status};
    {
        const std::shared_lock lock(mutex_);
        const auto found = histograms_.find(key);
        if (found != histograms_.end()) return found->second->observe(seconds);
    }
    const std::string pattern = route != nullptr ? route->pattern : "none";
    const std::string method{route != nullptr ? to_string(route->method) : "none"};
    Histogram& histogram = metrics_.histogram(
        "chorus_aggregator_http_request_duration_seconds", "Time to answer a request.",
        {{"method", method}, {"route", pattern}, {"code", std::to_string(status)}});
    histogram.observe(seconds);
    const std::unique_lock lock(mutex_);
    histograms_[key] = &histogram;
}

}  // namespace chorus::http
