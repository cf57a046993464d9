#include "aggregator/http/cors.h"

#include <algorithm>
#include <stdexcept>

#include "common/json/json_reader.h"
#include "common/text.h"

namespace chorus::http {

bool Cors::any() const {
    return std::find(origins_.begin(), origins_.end(), "*") != origins_.end();
}

bool Cors::listed(std::string_view origin) const {
    return origin != "*" && std::find(origins_.begin(), origins_.end(), origin) != origins_.end();
}

void Cors::decorate(const Request& request, Response& response) const {
    const std::string_view origin = request.header("origin");
    if (origin.empty()) return;
    response.with("Vary", "Origin");
    if (listed(origin)) {
        response.with("Access-Control-Allow-Origin", std::string(origin))
            .with("Access-Control-Allow-Credentials", "true")
            .with("Access-Control-Expose-Headers", "Link, X-Total-Count, X-Request-ID, X-Cache");
    } else if (any()) {
        response.with("Access-Control-Allow-Origin", "*");
    }
}

bool Cors::is_preflight(const Request& request) const {
    return request.method == Method::options && !request.header("origin").empty() &&
           !request.header("access-control-request-method").empty();
}

Response Cors::preflight(const Request& request) const {
    Response response;
    const std::string_view origin = request.header("origin");
    if (!listed(origin) && !any()) {
        return problem(request, 400, "origin_not_allowed", "Disallowed CORS origin");
    }
    response.status = 204;
    response.with("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
        .with("Access-Control-Max-Age", "600");
    const std::string_view wanted = request.header("access-control-request-headers");
    if (!wanted.empty()) response.with("Access-Control-Allow-Headers", std::string(wanted));
    return response;
}

namespace {

// RFC 6454 section 6.2, or `*`. A path, a slash at the end or a missing scheme would match nothing.
bool is_origin(std::string_view text) {
    if (text == "*") return true;
    const auto scheme = text.find("://");
    if (scheme == std::string_view::npos || scheme == 0) return false;
    const std::string_view host = text.substr(scheme + 3);
    return !host.empty() && host.find_first_of("/ \t,\"'") == std::string_view::npos;
}

}  // namespace

std::vector<std::string> parse_origins(std::string_view text) {
    std::vector<std::string> origins;
    text = trim(text);
    if (text.starts_with('[')) {
        JsonReader reader;
        try {
            for (const JsonValue item : reader.parse(text).get_array()) {
                origins.emplace_back(std::string_view(item.get_string()));
            }
        } catch (const std::exception&) {
            throw std::invalid_argument("must be a JSON list of strings or a comma-separated list");
        }
    } else {
        for (const auto part : split(text, ',')) {
            if (!trim(part).empty()) origins.emplace_back(trim(part));
        }
    }
    for (const auto& origin : origins) {
        if (!is_origin(origin)) {
            throw std::invalid_argument("must hold origins such as https://host:port, or *");
        }
    }
    return origins;
}

}  // namespace chorus::http
