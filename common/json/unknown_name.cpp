#include "common/json/unknown_name.h"

#include <algorithm>

#include "common/text.h"

namespace chorus {
namespace {

constexpr std::size_t kMostNameBytes = 100;

}  // namespace

FieldError unknown_name(Location location, std::string_view what,
                        const std::vector<std::string>& known) {
    FieldError error{"extra_forbidden", std::move(location), "No such " + std::string(what)};
    auto& name = std::get<std::string>(error.location.back());
    if (name.size() > kMostNameBytes) name.resize(kMostNameBytes);
    name = repair_utf8(name);
    if (const auto near = nearest(name, known)) {
        error.message += "; did you mean " + *near + "?";
        error.context.emplace_back("nearest", *near);
    }
    if (known.empty()) {
        error.message += "; there is none here";
        return error;
    }
    error.message += error.context.empty() ? "; known are " : " Known are ";
    for (const auto& candidate : known) {
        if (&candidate != &known.front()) error.message += ", ";
        error.message += candidate;
    }
    return error;
}

void refuse_unknown(simdjson::dom::object object, const json_checks::Path& at,
                    const std::vector<std::string>& known, json_checks::Checker& checker) {
    for (const auto [name, value] : object) {
        if (checker.full()) return;
        if (std::find(known.begin(), known.end(), name) != known.end()) continue;
        const FieldError error = unknown_name({std::string(name)}, "field", known);
        checker.fail(at / std::get<std::string>(error.location.back()), error.type, error.message,
                     error.context);
    }
}

}  // namespace chorus
