// The files of one process below /proc/PID that never keep their reader waiting.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "agent/procfs/pid_io.h"
#include "agent/procfs/read_faults.h"
#include "agent/procfs/reader.h"

namespace chorus::agent {

// "PID/NAME" on the stack: a walk over thousands of processes makes no strings of them.
class PidPath {
  public:
    PidPath(std::int32_t pid, const char* name) {
        std::snprintf(text_, sizeof text_, "%d/%s", pid, name);
    }
    const char* c_str() const { return text_; }

  private:
    char text_[32];
};

// A process may end at any moment: its files are gone then, with one of these.
bool has_ended(int error);

// What cannot be read is unknown, and counted unless the process has ended.
class PidFiles {
  public:
    PidFiles(Reader& proc, ReadFaults& faults);

    // The owner of the directory is the effective user: proc(5).
    std::optional<uid_t> owner(std::int32_t pid) const;
    // The soft limit.
    std::optional<std::int32_t> open_file_limit(std::int32_t pid) const;
    std::optional<std::int32_t> open_files(std::int32_t pid) const;
    PidIo io(std::int32_t pid) const;

    struct Cgroup {
        std::string unit, container_id;  // empty = none
    };
    Cgroup cgroup(std::int32_t pid) const;

  private:
    // `file` as it is told of in the log.
    ReadResult noted(std::string_view file, const ReadResult& result) const;

    Reader& proc_;
    ReadFaults& faults_;
    bool fd_count_is_size_;
};

}  // namespace chorus::agent
