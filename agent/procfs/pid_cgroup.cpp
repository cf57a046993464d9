#include "agent/procfs/pid_cgroup.h"

#include <algorithm>

#include "agent/procfs/text_scan.h"

namespace chorus::agent {
namespace {

constexpr std::size_t kContainerIdSize = 64;

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

// Takes the last part off a path.
std::string_view take_last_part(std::string_view& path) {
    const auto slash = path.rfind('/');
    const auto part = slash == std::string_view::npos ? path : path.substr(slash + 1);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
    return part;
}

std::string_view innermost_unit(std::string_view path) {
    while (!path.empty()) {
        const auto part = take_last_part(path);
        if (part.ends_with(".service") || part.ends_with(".scope")) return part;
    }
    return {};
}

// "…/docker/ID", "docker-ID.scope", "cri-containerd-ID.scope", "libpod-ID.scope"; a longer run of
// hexadecimal digits is something else.
std::string_view innermost_container(std::string_view path) {
    while (!path.empty()) {
        const auto part = take_last_part(path);
        for (auto at = part.begin(); at != part.end();) {
            at = std::find_if(at, part.end(), is_hex);
            const auto end = std::find_if_not(at, part.end(), is_hex);
            if (static_cast<std::size_t>(end - at) == kContainerIdSize) return {at, end};
            at = end;
        }
    }
    return {};
}

}  // namespace

PidCgroup parse_pid_cgroup(std::string_view text) {
    PidCgroup cgroup;
    std::string_view named_unit;
    while (const auto line = next_line(text)) {
        const auto first = line->find(':');
        if (first == std::string_view::npos) continue;
        const auto second = line->find(':', first + 1);
        if (second == std::string_view::npos) continue;
        const auto controllers = line->substr(first + 1, second - first - 1);
        const auto path = line->substr(second + 1);
        if (controllers.empty()) cgroup.unit = innermost_unit(path);
        if (controllers == "name=systemd") named_unit = innermost_unit(path);
        if (cgroup.container_id.empty()) cgroup.container_id = innermost_container(path);
    }
    if (cgroup.unit.empty()) cgroup.unit = named_unit;
    return cgroup;
}

std::string group_owner(std::string_view name) {
    const auto unit = innermost_unit(name);
    return std::string(unit.empty() ? innermost_container(name) : unit);
}

}  // namespace chorus::agent
