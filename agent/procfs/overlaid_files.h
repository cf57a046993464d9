// Files of /proc that are mounts of their own. lxcfs makes such mounts in containers.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "agent/procfs/support/reader.h"

namespace chorus::agent {

// Such a file is about the container, while the files around it are about the host. Figures of both
// must not be combined. Mounts are looked up once, when the object is made, because a container
// gets them before its first process.
class OverlaidFiles {
  public:
    explicit OverlaidFiles(Reader& proc);

    // `path` is relative to /proc: "meminfo".
    bool contains(std::string_view path) const { return paths_.contains(path); }

  private:
    std::set<std::string, std::less<>> paths_;
};

}  // namespace chorus::agent
