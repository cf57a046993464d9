// Finds the owner of a control group by the names on its path: cgroups(7), systemd's
// CGROUP_DELEGATION.
#pragma once

#include <string>
#include <string_view>

namespace chorus::agent {

// A place in the tree of control groups. It begins at the root and goes down name by name.
//
// A unit is the host's only if all groups above it are slices. A container with a service manager
// has units of the same names, but deeper in the tree. A user's manager (user@1000.service) has
// units of its own as well. They have its name in front of theirs.
class CgroupPlace {
  public:
    // Goes down into the group of that name.
    void enter(std::string_view name);

    // "ssh.service", "session-3.scope", "user@1000.service/dbus.service"; empty = none. A group
    // inside a unit belongs to it.
    const std::string& unit() const { return unit_; }
    // The 64 hexadecimal digits of Docker, Podman and CRI, of the innermost container; else what
    // LXC calls it: "lxc/101", "lxc.payload.web". Empty = none.
    const std::string& container() const { return container_; }

  private:
    enum class Manager { host, user, none };

    void enter_unit(std::string_view name);

    Manager manager_ = Manager::host;  // that made the groups here
    std::string above_;                // the last name
    std::string unit_, container_;
};

// Whether systemd gives this name to groups with processes: *.service, *.scope.
bool is_unit_with_processes(std::string_view name);

// The digits of a container's id, if the group is one of a container. The name is the digits,
// PREFIX-ID.scope, libpod-ID, crio-ID or SLICE:PREFIX:ID. Empty for all other names. Mounts of
// containers have such digits as well, and so has conmon, which watches a container from outside.
std::string_view container_digits(std::string_view name);

}  // namespace chorus::agent
