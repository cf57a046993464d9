// Which of the mounted file systems are worth a figure, and which may hang.
#pragma once

#include <string_view>
#include <vector>

#include "agent/procfs/mountinfo.h"

namespace chorus::agent {

// Kernel interfaces, memory file systems and overlays: not disks that fill up.
bool is_pseudo_filesystem(std::string_view type);
// Files and discs that were written once and are always full.
bool is_image(const Mount& mount);
// Served over a network or by a user's process: a call may block for ever.
bool may_hang(std::string_view type);

struct SelectedMount : Mount {
    bool can_fill = false;  // it or another mount of its file system may be written to
};

// Whether any mount of this file system may be written to.
bool can_fill(const std::vector<Mount>& mounts, std::string_view device_id);

// One mount for each file system: "/" if it is one, else one that may be written to, else one that
// shows the root of the file system, else the first. Sorted by mount point. A mount that another
// one covers, or whose directory it covers, is left out: its path leads to the other.
std::vector<SelectedMount> select_mounts(const std::vector<Mount>& mounts);
bool is_below(std::string_view path, std::string_view directory);

}  // namespace chorus::agent
