// Pages for browsers: the dashboard below /ui/, the API's documentation at /docs.
#include "aggregator/api/system/page_routes.h"

#include "aggregator/api/support/context.h"
#include "aggregator/api/system/routes.h"
#include "aggregator/assets/assets.h"
#include "aggregator/http/body.h"
#include "aggregator/http/etag.h"
#include "common/compress.h"
#include "common/text.h"

namespace chorus::api {
namespace {

constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src "
    "'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
// The dashboard never makes HTML from text; swagger-ui does, by a sanitiser of its own.
constexpr std::string_view kTrustedTypes = "; require-trusted-types-for 'script'";

constexpr std::string_view kForEver = "public, max-age=31536000, immutable";
constexpr std::string_view kAskAgain = "no-cache";

constexpr std::string_view kNoPages = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Chorus</title></head><body>
<h1>This program was built without its web pages</h1>
<p>The dashboard and the API's documentation are made when the program is built on a machine that
has Node 20 or newer and npm. Install both and build again with <code>-DCHORUS_WEB=ON</code>, or use
the packages, which contain them. The API itself works: <a href="/openapi.json">/openapi.json</a>
describes it, and <a href="/api/v1/hosts">/api/v1/hosts</a> is a good first request.</p>
</body></html>
)";

void protect(http::Response& response, bool trusted_types) {
    std::string policy{kPolicy};
    if (trusted_types) policy += kTrustedTypes;
    response.with("Content-Security-Policy", std::move(policy))
        .with("Referrer-Policy", "no-referrer")
        .with("Cross-Origin-Opener-Policy", "same-origin")
        .with("Cross-Origin-Resource-Policy", "same-origin");
}

http::Response not_found(const http::Request& request) {
    return http::problem(request, 404, "not_found", "Not Found");
}

http::Response redirect(int status, std::string target) {
    http::Response response;
    response.status = status;
    return response.with("Location", std::move(target));
}

http::Response no_pages(const http::Request& request) {
    if (!prefers_html(request)) {
        return http::problem(request, 404, "no_web_pages",
                             "This program was built without its web pages; build it where Node "
                             "and npm are installed");
    }
    http::Response response;
    response.status = 404;
    response.body = kNoPages;
    response.content_type = "text/html; charset=utf-8";
    protect(response, true);
    return response;
}

// What is asked in ranges is sent whole, which RFC 9110 section 14.2 allows; many ranges of one
// file are an attack on servers that do otherwise.
bool asks_for_many_ranges(const http::Request& request) {
    return request.header("range").find(',') != std::string_view::npos;
}

http::Response embedded_file(const http::Request& request, const assets::Asset& asset,
                             bool trusted_types) {
    http::Response response;
    protect(response, trusted_types);
    if (asks_for_many_ranges(request)) {
        response = http::problem(request, 416, "range_not_satisfiable", "Ask for the whole file");
        return response.with("Content-Range", "bytes */" + std::to_string(asset.size));
    }
    const bool packed = http::accepts_gzip(request);
    const std::string tag = '"' + std::string(asset.hash) + (packed ? "-gzip\"" : "\"");
    response.with("ETag", tag)
        .with("Cache-Control", std::string(assets::is_hashed(asset.path) ? kForEver : kAskAgain))
        .with("Vary", "Accept-Encoding");
    if (http::etag_listed(request.header("if-none-match"), tag)) {
        response.status = 304;
        return response;
    }
    response.content_type = assets::content_type(asset.path);
    if (packed) {
        response.body = asset.gzip;
        response.with("Content-Encoding", "gzip");
    } else {
        response.body = gzip_decompress(asset.gzip, asset.size);
        response.with("Content-Encoding", "identity");  // not to be compressed again
    }
    return response;
}

http::Response file_of_folder(const http::Request& request, const std::string& root,
                              const std::string& path) {
    auto content = assets::read_below(root, path);
    if (!content) return not_found(request);
    http::Response response;
    response.body = std::move(*content);
    response.content_type = assets::content_type(path);
    protect(response, true);
    return response.with("Cache-Control", "no-store");
}

http::Response ui_file(const http::Request& request, const std::string& web_root) {
    const std::string_view rest = request.path_parameter("path");
    const std::string path = rest.empty() ? "index.html" : std::string(rest);
    const bool a_file = path.find('.') != std::string::npos || rest.starts_with("assets");
    // The dashboard keeps its place behind the #, so that one page serves all: links without it are
    // led there.
    constexpr std::string_view ui = "/ui/";
    if (!a_file) return redirect(302, "/ui/#/" + request.target.substr(ui.size()));
    if (!web_root.empty()) return file_of_folder(request, web_root, path);
    if (const auto* asset = assets::find_embedded("ui/" + path)) {
        return embedded_file(request, *asset, true);
    }
    return assets::find_embedded("ui/index.html") == nullptr ? no_pages(request)
                                                             : not_found(request);
}

http::Response docs_file(const http::Request& request) {
    if (request.path == "/docs/") return redirect(307, "/docs");  // its links are relative
    const std::string_view rest = request.path_parameter("path");
    const std::string path = rest.empty() ? "index.html" : std::string(rest);
    if (const auto* asset = assets::find_embedded("docs/" + path)) {
        return embedded_file(request, *asset, false);
    }
    return assets::find_embedded("docs/index.html") == nullptr ? no_pages(request)
                                                               : not_found(request);
}

}  // namespace

bool prefers_html(const http::Request& request) {
    return request.header("accept").find("text/html") != std::string_view::npos;
}

void add_page_routes(http::Router& router, Context& context) {
    const auto open = [&](const char* pattern, auto handler) {
        router.add(
            {http::Method::get, pattern, http::Role::none, http::BodyRule::none, 0, handler});
    };
    open("/ui", [](const http::Request&) { return redirect(302, "/ui/"); });
    open("/ui/{path...}",
         [&context](const http::Request& request) { return ui_file(request, context.web_root); });
    open("/docs", docs_file);
    open("/docs/{path...}", docs_file);
    open("/redoc", [](const http::Request&) { return redirect(307, "/docs"); });
    open("/openapi.json", [](const http::Request& request) {
        return embedded_file(request, *assets::find_embedded("openapi.json"), false);
    });
}

}  // namespace chorus::api
