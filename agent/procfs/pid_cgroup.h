// /proc/PID/cgroup, cgroups(7).
#pragma once

#include <string>
#include <string_view>

namespace chorus::agent {

// To which systemd unit and which container a process belongs. Both point into the parsed text and
// are empty if there is none.
struct PidCgroup {
    std::string_view unit;          // "ssh.service", "session-3.scope": the innermost one
    std::string_view container_id;  // 64 hexadecimal digits, as Docker, Podman and CRI use them
};

// The unified hierarchy's line ("0::/PATH") where it tells something, else that of systemd's own
// hierarchy ("N:name=systemd:/PATH"); a container is looked for in every line.
PidCgroup parse_pid_cgroup(std::string_view text);

// To whom a control group of this name belongs: the name itself for a systemd unit, else the id of
// the container in it; empty for slices and all others.
std::string group_owner(std::string_view name);

}  // namespace chorus::agent
