// The one place where the agent reads the kernel's files.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/procfs/support/boot_clock.h"
#include "agent/procfs/support/file_descriptor.h"

namespace chorus::agent {

// The content of a file, or why there is none. It is valid until the next read by the same reader.
struct ReadResult {
    std::string_view text;
    int error = 0;                   // errno
    std::chrono::nanoseconds at{0};  // since boot, when the kernel made the content

    explicit operator bool() const { return error == 0; }
};

// Reads whole files below a root directory into one buffer that is used again and again. Not
// thread-safe.
class Reader {
  public:
    static constexpr std::size_t kLimit = 1U << 20U;

    // A root that cannot be opened gives its errno at each read.
    Reader(std::string root, const BootClock& clock);

    // `path` is relative to the root. A file above kLimit gives EFBIG.
    ReadResult read(const char* path) { return read_until_end(path, false); }
    ReadResult read(const std::string& path) { return read(path.c_str()); }
    // For files of one short record, such as those of /proc/PID, which the kernel gives in one
    // piece. A read that does not fill the buffer is the last one. That saves a system call for
    // each file.
    ReadResult read_record(const char* path) { return read_until_end(path, true); }
    bool exists(const std::string& path) const;
    // The last name of a symbolic link's target ("../eth0" gives "eth0"); nullopt if it is no link.
    // In a recorded tree a link may be a file that holds the target, as git makes it where links
    // are not possible.
    std::optional<std::string> read_link(const std::string& path);
    // Names in a directory without those that begin with a dot, at most kMostNames. Numbers in
    // names are sorted by value ("cpu2" before "cpu10"). Empty if the directory cannot be opened.
    std::vector<std::string> list(const std::string& path) const;
    // The same, of directories only.
    std::vector<std::string> list_directories(const std::string& path) const;
    static constexpr std::size_t kMostNames = 16'384;

    // The root's descriptor, -1 if it could not be opened.
    int fd() const { return root_.get(); }
    const std::string& root() const { return root_path_; }
    const BootClock& clock() const { return clock_; }

  private:
    std::vector<std::string> list_entries(const std::string& path, bool directories_only) const;
    ReadResult read_until_end(const char* path, bool short_read_ends);

    std::string root_path_;
    FileDescriptor root_;
    int root_error_ = 0;
    const BootClock& clock_;
    std::vector<char> buffer_;
};

}  // namespace chorus::agent
