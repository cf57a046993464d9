// /proc/PID/mountinfo, proc_pid_mountinfo(5).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace chorus::agent {

struct Mount {
    std::string device_id;  // "254:0"
    std::string root;       // which directory of the file system is mounted
    std::string mount_point;
    std::string type;        // "ext4", "fuse.sshfs"
    std::string source;      // "/dev/vda", "server:/export"
    bool read_only = false;  // the mount or the file system itself
    int id = 0, parent = 0;  // of the mounts: a mount lies in a directory of its parent
};

// In the order of mounting. The kernel's octal escapes (blank, tab, line feed, backslash) are
// decoded. Damaged lines are left out.
std::vector<Mount> parse_mountinfo(std::string_view text);

}  // namespace chorus::agent
