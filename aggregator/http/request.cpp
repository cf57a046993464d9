#include "aggregator/http/request.h"

#include <array>

namespace chorus::http {
namespace {

constexpr std::array<std::pair<Role, std::string_view>, 5> kRoles{{{Role::none, "none"},
                                                                   {Role::agent, "agent"},
                                                                   {Role::viewer, "viewer"},
                                                                   {Role::operator_, "operator"},
                                                                   {Role::admin, "admin"}}};

}  // namespace

std::string_view to_string(Method method) {
    switch (method) {
        case Method::get:
            return "GET";
        case Method::head:
            return "HEAD";
        case Method::post:
            return "POST";
        case Method::put:
            return "PUT";
        case Method::patch:
            return "PATCH";
        case Method::del:
            return "DELETE";
        case Method::options:
            return "OPTIONS";
    }
    return "";
}

std::string_view to_string(Role role) {
    for (const auto& [known, name] : kRoles) {
        if (known == role) return name;
    }
    return "none";
}

std::optional<Role> role_from_name(std::string_view name) {
    for (const auto& [role, known] : kRoles) {
        if (known == name) return role;
    }
    return std::nullopt;
}

}  // namespace chorus::http
