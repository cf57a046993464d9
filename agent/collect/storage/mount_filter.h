// Which of the mounted file systems are measured, and which may hang.
#pragma once

#include <string_view>
#include <vector>

#include "agent/procfs/mountinfo.h"

namespace chorus::agent {

// Kernel interfaces, memory file systems and overlays: not disks that fill up.
bool is_pseudo_filesystem(std::string_view type);
// Images and discs that were written once and are always full.
bool is_image(const Mount& mount);
// Types that are served over a network or by a user's process. A call to one may block for ever.
bool may_hang(std::string_view type);

struct SelectedMount : Mount {
    bool can_fill = false;  // it or another mount of its file system may be written to
};

// Whether any mount of this file system may be written to.
bool can_fill(const std::vector<Mount>& mounts, std::string_view device_id);

// Chooses one mount for each file system. The order of choice is "/", a mount that may be written
// to, one that shows the root of the file system, the first one. The result is sorted by mount
// point. A mount is left out if another one covers it or its directory, because its path leads to
// the other.
std::vector<SelectedMount> select_mounts(const std::vector<Mount>& mounts);
bool is_below(std::string_view path, std::string_view directory);

}  // namespace chorus::agent
