#include "agent/procfs/pid/pid_cgroup.h"

#include <utility>

#include "agent/procfs/pid/cgroup_place.h"
#include "agent/procfs/support/text_scan.h"

namespace chorus::agent {
namespace {

CgroupPlace place_of(std::string_view path) {
    // Of a group that was removed while a process was in it: cgroups(7).
    constexpr std::string_view mark = " (deleted)";
    if (path.ends_with(mark)) path.remove_suffix(mark.size());
    CgroupPlace place;
    while (!path.empty()) {
        const auto slash = path.find('/');
        place.enter(path.substr(0, slash));
        path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    }
    return place;
}

}  // namespace

PidCgroup parse_pid_cgroup(std::string_view text) {
    PidCgroup cgroup;
    std::string named_unit;
    while (const auto line = next_line(text)) {
        const auto first = line->find(':');
        if (first == std::string_view::npos) continue;
        const auto second = line->find(':', first + 1);
        if (second == std::string_view::npos) continue;
        const auto controllers = line->substr(first + 1, second - first - 1);
        const CgroupPlace place = place_of(line->substr(second + 1));
        if (controllers.empty()) cgroup.unit = place.unit();
        if (controllers == "name=systemd") named_unit = place.unit();
        if (cgroup.container_id.empty()) cgroup.container_id = place.container();
    }
    if (cgroup.unit.empty()) cgroup.unit = std::move(named_unit);
    return cgroup;
}

}  // namespace chorus::agent
