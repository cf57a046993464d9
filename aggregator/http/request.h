// A request as handlers see it: already framed, decoded, authenticated and within its limits.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/text.h"
#include "common/uuid.h"

namespace chorus::http {

enum class Method { get, head, post, put, patch, del, options };
std::string_view to_string(Method method);

// Rights. Each includes the ones before it, except that ingest is for agents alone.
enum class Role { none, agent, viewer, operator_, admin };
std::string_view to_string(Role role);
std::optional<Role> role_from_name(std::string_view name);

// Who asks. Anonymous callers have no token id. On a route that is open to all nobody has one,
// because tokens are not looked at.
struct Principal {
    Role role = Role::none;
    std::optional<std::int64_t> token_id;
    std::optional<Uuid> agent_id;  // the agent that an agent token is bound to, once it is
    std::string name = "anonymous";
};

using NameValue = std::pair<std::string, std::string>;

struct Request {
    Method method = Method::get;
    std::string target;              // as sent: path and query, undecoded
    std::string path;                // percent-decoded, no query
    std::vector<NameValue> query;    // decoded, in the order given
    std::vector<NameValue> headers;  // names in lower case
    std::vector<NameValue> path_parameters;
    std::string body;  // inflated where the route takes compressed bodies
    std::string client_ip;
    std::string request_id;
    Principal principal;

    // First value of a header (name in lower case), empty if it is absent.
    std::string_view header(std::string_view name) const { return find(headers, name); }
    std::string_view path_parameter(std::string_view name) const {
        return find(path_parameters, name);
    }

  private:
    static std::string_view find(const std::vector<NameValue>& list, std::string_view name) {
        for (const auto& [key, value] : list) {
            if (key == name) return value;
        }
        return {};
    }
};

}  // namespace chorus::http
