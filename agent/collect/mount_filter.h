// Which of the mounted file systems are worth a figure, and which may hang.
#pragma once

#include <string_view>
#include <vector>

#include "agent/procfs/mountinfo.h"

namespace chorus::agent {

// Kernel interfaces, memory file systems, images and overlays: not disks that fill up.
bool is_pseudo_filesystem(std::string_view type);
// Served over a network or by a user's process: a call may block for ever.
bool may_hang(std::string_view type);

// One mount for each file system: the first that shows its root, else the first. Sorted by mount
// point; a mount that a later one covers is left out.
std::vector<Mount> select_mounts(std::vector<Mount> mounts);

}  // namespace chorus::agent
