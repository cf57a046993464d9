#include "aggregator/http/router.h"

#include "common/text.h"

namespace chorus::http {
namespace {

using Segments = std::vector<std::string>;

bool is_parameter(std::string_view segment) {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

// "{path...}" stands for all that is left, which may be nothing.
bool is_rest(std::string_view segment) {
    return segment.ends_with("...}");
}

// Number of literal segments that fit, or nullopt when the path does not match.
std::optional<int> match(const Segments& pattern, const std::vector<std::string_view>& path) {
    const bool open_ended = is_rest(pattern.back());
    if (open_ended ? path.size() < pattern.size() : path.size() != pattern.size()) {
        return std::nullopt;
    }
    int literals = 0;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] == path[i]) {
            ++literals;
        } else if (!is_parameter(pattern[i]) || (path[i].empty() && !is_rest(pattern[i]))) {
            return std::nullopt;
        }
    }
    return literals;
}

std::vector<NameValue> parameters_of(const Segments& pattern,
                                     const std::vector<std::string_view>& path) {
    std::vector<NameValue> parameters;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (!is_parameter(pattern[i])) continue;
        if (is_rest(pattern[i])) {
            const auto name = pattern[i].substr(1, pattern[i].size() - 5);
            const char* from = path[i].data();
            const char* end = path.back().data() + path.back().size();
            parameters.emplace_back(name, std::string(from, end));
            break;
        }
        parameters.emplace_back(pattern[i].substr(1, pattern[i].size() - 2), path[i]);
    }
    return parameters;
}

}  // namespace

void Router::add(Route route) {
    const auto parts = split(route.pattern, '/');
    segments_.emplace_back(parts.begin(), parts.end());
    routes_.push_back(std::move(route));
}

Router::Match Router::find(Method method, std::string_view path) const {
    const auto wanted_path = split(path, '/');
    const Method wanted = method == Method::head ? Method::get : method;
    Match best;
    int best_literals = -1;
    for (std::size_t i = 0; i < routes_.size(); ++i) {
        const auto literals = match(segments_[i], wanted_path);
        if (!literals || *literals < best_literals) continue;
        if (*literals > best_literals) best = Match{};
        best_literals = *literals;
        best.allowed.push_back(routes_[i].method);
        if (routes_[i].method == Method::get) best.allowed.push_back(Method::head);
        if (routes_[i].method != wanted) continue;
        best.route = &routes_[i];
        best.path_parameters = parameters_of(segments_[i], wanted_path);
    }
    return best;
}

}  // namespace chorus::http
