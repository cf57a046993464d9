// /proc/PID/cgroup, cgroups(7).
#pragma once

#include <string>
#include <string_view>

namespace chorus::agent {

// To which systemd unit of the host and which container a process belongs, as CgroupPlace names
// them; empty if there is none.
struct PidCgroup {
    std::string unit;
    std::string container_id;
};

// The unified hierarchy's line ("0::/PATH") where it tells something, else that of systemd's own
// hierarchy ("N:name=systemd:/PATH"); a container is looked for in every line.
PidCgroup parse_pid_cgroup(std::string_view text);

}  // namespace chorus::agent
