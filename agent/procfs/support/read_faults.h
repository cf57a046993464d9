// Counts what could not be read, and says so once for each file and cause.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace chorus::agent {

// Not thread-safe.
class ReadFaults {
  public:
    // `file` is a file or a class of files ("/proc/PID/io"), never a name from outside.
    void note(std::string_view file, int error);
    const std::map<int, std::uint64_t>& by_errno() const { return by_errno_; }

  private:
    std::map<int, std::uint64_t> by_errno_;
    std::set<std::pair<std::string, int>> told_;
};

}  // namespace chorus::agent
