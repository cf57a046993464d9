#include "agent/spool/dead_letter.h"

#include <fcntl.h>

#include "agent/procfs/support/file_descriptor.h"
#include "agent/spool/frame.h"
#include "agent/spool/segment_files.h"

namespace chorus::agent {

bool DeadLetter::keep(std::uint32_t time, std::string_view payload) {
    if (payload.size() > kLongestPayload) return false;
    const std::string frame = encode_frame(next_seq_++, time, payload);
    const std::uint64_t used = bytes_on_disk(path_);
    if (used > 0 && used + frame.size() > kMostDeadLetterBytes / 2) {
        disk_.rename(path_, path_ + ".1");
    }
    const FileDescriptor file(disk_.open(path_, O_WRONLY | O_CREAT | O_APPEND));
    return file && disk_.write(file.get(), frame) == static_cast<ssize_t>(frame.size()) &&
           disk_.fdatasync(file.get()) == 0;
}

}  // namespace chorus::agent
