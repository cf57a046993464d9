// The files of one process below /proc/PID that can be read without waiting.
#pragma once

#include <sys/types.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/procfs/pid/pid_io.h"
#include "agent/procfs/support/read_faults.h"
#include "agent/procfs/support/reader.h"

namespace chorus::agent {

// "PID/NAME", or "PID/task/TID/NAME", on the stack: a walk over thousands of processes makes no
// strings of them.
class PidPath {
  public:
    PidPath(std::int32_t pid, std::string_view name) { add(pid).add("/").add(name); }
    PidPath(std::int32_t pid, std::int32_t tid, std::string_view name) {
        add(pid).add("/task/").add(tid).add("/").add(name);
    }
    const char* c_str() const { return text_.data(); }

  private:
    PidPath& add(std::int32_t number) {
        end_ = std::to_chars(end_, text_.data() + text_.size() - 1, number).ptr;
        return *this;
    }
    PidPath& add(std::string_view word) {
        const auto room = static_cast<std::size_t>(text_.data() + text_.size() - 1 - end_);
        end_ += word.copy(end_, room);
        return *this;
    }

    std::array<char, 48> text_{};
    char* end_ = text_.data();
};

// A process may end at any moment: its files are gone then, with one of these.
bool has_ended(int error);

// A file that cannot be read gives unknown values. It is counted as a fault, unless the process has
// ended.
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
    // `file` is the name for the log.
    ReadResult noted(std::string_view file, const ReadResult& result) const;

    Reader& proc_;
    ReadFaults& faults_;
    bool fd_count_is_size_;
};

}  // namespace chorus::agent
