// /proc/PID/io, proc_pid_io(5).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace chorus::agent {

// Bytes that reached the storage layer since the process started.
struct PidIo {
    std::optional<std::int64_t> read_bytes, write_bytes;
};

PidIo parse_pid_io(std::string_view text);

}  // namespace chorus::agent
