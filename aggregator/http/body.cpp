#include "aggregator/http/body.h"

#include <algorithm>

#include "common/batch/batch.h"
#include "common/compress.h"

namespace chorus::http {
namespace {

bool is_json(std::string_view content_type) {
    const auto semicolon = content_type.find(';');
    if (!equals_ignoring_case(trim(content_type.substr(0, semicolon)), "application/json")) {
        return false;
    }
    if (semicolon == std::string_view::npos) return true;
    const std::string_view parameter = trim(content_type.substr(semicolon + 1));
    return parameter.empty() || equals_ignoring_case(parameter, "charset=utf-8") ||
           equals_ignoring_case(parameter, "charset=\"utf-8\"");
}

bool given_twice(const Request& request, std::string_view name) {
    return std::count_if(request.headers.begin(), request.headers.end(),
                         [&](const auto& header) { return header.first == name; }) > 1;
}

bool known_encoding(const Request& request, const Route& route) {
    if (given_twice(request, "content-encoding")) return false;
    const std::string_view encoding = request.header("content-encoding");
    if (encoding.empty() || equals_ignoring_case(encoding, "identity")) return true;
    return route.body == BodyRule::ingest &&
           (equals_ignoring_case(encoding, "zstd") || equals_ignoring_case(encoding, "gzip"));
}

}  // namespace

std::optional<Response> check_body_headers(const Head& head, const Route& route) {
    const Request& r = head.request;
    if (route.body == BodyRule::none) return std::nullopt;
    if (!head.content_length && route.body == BodyRule::ingest) {
        return problem(r, 411, "length_required", "Send Content-Length");
    }
    const std::uint64_t length = head.content_length.value_or(0);
    if (length > route.body_limit) {
        return problem(r, 413, "body_too_large",
                       "The body is larger than " + std::to_string(route.body_limit) + " bytes");
    }
    if (length == 0) return std::nullopt;
    if (!is_json(r.header("content-type")) || given_twice(r, "content-type")) {
        return problem(r, 415, "unsupported_media_type", "Send application/json in UTF-8");
    }
    if (!known_encoding(r, route)) {
        return problem(r, 415, "unsupported_encoding",
                       route.body == BodyRule::ingest ? "Send zstd, gzip or identity"
                                                      : "Send the body without compression");
    }
    return std::nullopt;
}

bool accepts_gzip(const Request& request) {
    for (const auto part : split(request.header("accept-encoding"), ',')) {
        const std::string_view coding = trim(part.substr(0, part.find(';')));
        const bool refused = part.find("q=0") != std::string_view::npos &&
                             part.find("q=0.") == std::string_view::npos;
        if (equals_ignoring_case(coding, "gzip") && !refused) return true;
    }
    return false;
}

bool is_compressed(const Request& request) {
    const std::string_view encoding = request.header("content-encoding");
    return !request.body.empty() && !encoding.empty() &&
           !equals_ignoring_case(encoding, "identity");
}

void inflate_body(Request& request) {
    const bool zstd = equals_ignoring_case(request.header("content-encoding"), "zstd");
    try {
        request.body = zstd ? zstd_decompress(request.body, limits::kInflatedBytes)
                            : gzip_decompress(request.body, limits::kInflatedBytes);
    } catch (const TooLarge&) {
        throw HttpError(
            413, "inflated_too_large",
            "The body inflates to more than " + std::to_string(limits::kInflatedBytes) + " bytes");
    } catch (const DamagedInput& e) {
        throw HttpError(400, zstd ? "invalid_zstd" : "invalid_gzip",
                        std::string("The body has ") + e.what());
    }
}

}  // namespace chorus::http
