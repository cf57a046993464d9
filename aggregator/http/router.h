// The table of routes. Dispatch, rights, body rules, 404 and 405 come from it. Tests compare the
// API's documentation with it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/http/request.h"
#include "aggregator/http/response.h"

namespace chorus::http {

// What a route does with a body.
enum class BodyRule {
    none,    // not looked at; up to 64 KiB are read and dropped
    json,    // optional or required JSON, identity encoding, Content-Type application/json
    ingest,  // JSON, may be zstd or gzip, larger limits
};

struct Route {
    Method method;
    std::string pattern;  // "/api/v1/metrics/latest/{hostname}"; "/ui/{path...}" takes any rest
    Role role;            // least right needed; Role::none = open to everyone
    BodyRule body = BodyRule::none;
    std::size_t body_limit = 64U << 10U;  // bytes, as sent
    std::function<Response(const Request&)> handler;
    // The handler needs no database. So tokens that were valid lately are enough while the database
    // is away.
    bool from_memory = false;
};

class Router {
  public:
    void add(Route route);
    const std::vector<Route>& routes() const { return routes_; }

    struct Match {
        const Route* route = nullptr;  // null: no such path or method
        std::vector<NameValue> path_parameters;
        std::vector<Method> allowed;  // methods of that path, when only the method is wrong
    };
    // A literal segment wins over a parameter; HEAD is answered by GET's route.
    Match find(Method method, std::string_view path) const;

  private:
    std::vector<Route> routes_;
    std::vector<std::vector<std::string>> segments_;  // of each route's pattern
};

}  // namespace chorus::http
