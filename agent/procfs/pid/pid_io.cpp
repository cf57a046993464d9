#include "agent/procfs/pid/pid_io.h"

#include "agent/procfs/support/text_scan.h"

namespace chorus::agent {

PidIo parse_pid_io(std::string_view text) {
    PidIo io;
    while (auto line = next_line(text)) {
        const auto name = next_word(*line);
        if (name == "read_bytes:") io.read_bytes = next_number<std::int64_t>(*line);
        if (name == "write_bytes:") io.write_bytes = next_number<std::int64_t>(*line);
    }
    return io;
}

}  // namespace chorus::agent
