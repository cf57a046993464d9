#include "test_server.h"

#include <functional>
#include <thread>

namespace chorus::http::test {
namespace {

constexpr std::chrono::seconds kPatience{10};

Response text(std::string body) {
    Response response;
    response.body = std::move(body);
    return response;
}

// True once `holds` does, false after the patience.
bool eventually(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < deadline) {
        if (holds()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return false;
}

}  // namespace

std::optional<Principal> NamedTokens::authenticate(std::string_view token, const std::string&,
                                                   Verified verified) {
    if (token == "lately" && verified == Verified::lately)
        return Principal{Role::viewer, 1, {}, "lately"};
    if (token == "away") throw HttpError(503, "storage_unavailable", "The database is away", 7);
    if (token == "broken") throw std::runtime_error("password=hunter2");
    const auto role = role_from_name(token);
    if (!role || *role == Role::none) return std::nullopt;
    return Principal{*role, 1, std::nullopt, std::string(token)};
}

void Gate::wait() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait_for(lock, kPatience, [this] { return open_; });
}

void Gate::open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
}

bool Gate::reached(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return waiting_ >= count; });
}

TestServer::TestServer(ServerLimits limits, Role anonymous)
    : dispatcher(routes(), tokens_, {anonymous, {"http://localhost:3000"}}, metrics),
      server("127.0.0.1", 0, dispatcher, limits, metrics) {
    server.start();
}

TestServer::~TestServer() {
    gate.open();
}

bool TestServer::eventually_connected(int count) {
    const std::string line = "\nchorus_aggregator_http_connections " + std::to_string(count) + "\n";
    return eventually([&] { return metrics.expose().find(line) != std::string::npos; });
}

bool TestServer::eventually_handled(int count) {
    return eventually([&] { return handled() >= count; });
}

Router TestServer::routes() {
    Router router;
    const auto add = [&](Method method, std::string pattern, Role role, BodyRule body,
                         std::size_t limit, auto handler) {
        router.add({method, std::move(pattern), role, body, limit,
                    [this, handler](const Request& request) {
                        ++handled_;
                        return handler(request);
                    }});
    };
    const auto plain = [&](Method method, std::string pattern, Role role, auto handler) {
        add(method, std::move(pattern), role, BodyRule::none, 0, handler);
    };
    plain(Method::get, "/open", Role::none, [](const Request&) { return text("{}"); });
    plain(Method::get, "/view", Role::viewer,
          [](const Request& r) { return text("\"" + r.principal.name + "\""); });
    router.add({Method::get, "/memory", Role::viewer, BodyRule::none, 0,
                [](const Request&) { return text("{}"); }, true});
    plain(Method::get, "/items/{id}", Role::viewer,
          [](const Request& r) { return text(std::string(r.path_parameter("id"))); });
    plain(Method::del, "/items/{id}", Role::operator_, [](const Request&) {
        Response gone;
        gone.status = 204;
        gone.body = "never sent";
        return gone;
    });
    plain(Method::get, "/items/stats", Role::viewer, [](const Request&) { return text("stats"); });
    plain(Method::get, "/ip", Role::viewer, [](const Request& r) { return text(r.client_ip); });
    plain(Method::get, "/large", Role::viewer, [](const Request&) {
        return text(std::string(100'000, 'a')).with("Cache-Control", "max-age=5");
    });
    plain(Method::get, "/huge", Role::viewer,
          [](const Request&) { return text(std::string(64U << 20U, 'a')); });
    plain(Method::get, "/wait", Role::viewer, [this](const Request&) {
        gate.wait();
        return text("waited");
    });
    plain(Method::get, "/throw", Role::viewer,
          [](const Request&) -> Response { throw std::runtime_error("secret of the database"); });
    plain(Method::get, "/busy", Role::viewer, [](const Request&) -> Response {
        throw HttpError(503, "storage_unavailable", "The database is away", 5);
    });
    plain(Method::get, "/invalid", Role::viewer, [](const Request&) -> Response {
        FieldErrors errors;
        errors.add({"missing", {std::string("body"), std::string("a/b")}, "Field required"});
        throw ValidationError(errors);
    });
    add(Method::post, "/items", Role::viewer, BodyRule::json, 1'024,
        [](const Request& r) { return text(std::to_string(r.body.size())); });
    add(Method::post, "/ingest", Role::agent, BodyRule::ingest, 8U << 20U,
        [](const Request& r) { return text(std::to_string(r.body.size())); });
    add(Method::post, "/wait", Role::viewer, BodyRule::json, 1U << 20U, [this](const Request&) {
        gate.wait();
        return text("waited");
    });
    return router;
}

}  // namespace chorus::http::test
