// /proc/PID/cgroup, cgroups(7).
#pragma once

#include <string>
#include <string_view>

namespace chorus::agent {

// The systemd unit of the host and the container to which a process belongs, by the names of
// CgroupPlace. Empty if there is none.
struct PidCgroup {
    std::string unit;
    std::string container_id;
};

// Uses the line of the unified hierarchy ("0::/PATH") if it names a unit. Else it uses the line of
// systemd's own hierarchy ("N:name=systemd:/PATH"). It looks for a container in every line.
PidCgroup parse_pid_cgroup(std::string_view text);

}  // namespace chorus::agent
