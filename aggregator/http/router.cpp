#include "aggregator/http/router.h"

#include "common/text.h"

namespace chorus::http {
namespace {

bool is_parameter(std::string_view segment) {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

// Number of literal segments that fit, or nullopt when the path does not match.
std::optional<int> match(const std::vector<std::string_view>& pattern,
                         const std::vector<std::string_view>& path,
                         std::vector<NameValue>& parameters) {
    if (pattern.size() != path.size()) return std::nullopt;
    int literals = 0;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (is_parameter(pattern[i])) {
            if (path[i].empty()) return std::nullopt;
            parameters.emplace_back(pattern[i].substr(1, pattern[i].size() - 2), path[i]);
        } else if (pattern[i] == path[i]) {
            ++literals;
        } else {
            return std::nullopt;
        }
    }
    return literals;
}

}  // namespace

void Router::add(Route route) {
    routes_.push_back(std::move(route));
}

Router::Match Router::find(Method method, std::string_view path) const {
    const auto segments = split(path, '/');
    const Method wanted = method == Method::head ? Method::get : method;
    Match best;
    int best_literals = -1;
    std::vector<std::pair<int, Method>> others;
    for (const Route& route : routes_) {
        std::vector<NameValue> parameters;
        const auto literals = match(split(route.pattern, '/'), segments, parameters);
        if (!literals) continue;
        others.emplace_back(*literals, route.method);
        if (*literals < best_literals) continue;
        if (*literals > best_literals) best = Match{};
        best_literals = *literals;
        if (route.method == wanted) {
            best.route = &route;
            best.path_parameters = std::move(parameters);
        }
    }
    for (const auto& [literals, allowed] : others) {
        if (literals != best_literals) continue;
        best.allowed.push_back(allowed);
        if (allowed == Method::get) best.allowed.push_back(Method::head);
    }
    return best;
}

}  // namespace chorus::http
