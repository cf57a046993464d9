// Files of /proc that are mounts of their own, as lxcfs puts them into containers.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "agent/procfs/reader.h"

namespace chorus::agent {

// Such a file tells of the container, while the files around it tell of the host: figures of both
// must not be put together. Mounts are looked up once, when the object is made; containers get
// these before their first process.
class OverlaidFiles {
  public:
    explicit OverlaidFiles(Reader& proc);

    // `path` is relative to /proc: "meminfo".
    bool contains(std::string_view path) const { return paths_.contains(path); }

  private:
    std::set<std::string, std::less<>> paths_;
};

}  // namespace chorus::agent
