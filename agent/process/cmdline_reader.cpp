#include "agent/process/cmdline_reader.h"

#include <cerrno>

#include "agent/process/pid_files.h"
#include "agent/process/process_name.h"

namespace chorus::agent {
namespace {

constexpr int kTries = 3;

}  // namespace

void CmdlineReader::begin(KnownProcess& known) {
    known.name = process_name(known.comm, {});
    known.cmdline.clear();
    known.cmdline_tries = kTries;
}

void CmdlineReader::read(KnownProcess& known, std::int32_t pid) {
    if (known.cmdline_tries == 0) return;
    const bool for_name = known.comm.size() >= kCommBytes;
    if (mode_ == CmdlineMode::none && !for_name) {
        known.cmdline_tries = 0;
        return;
    }
    const auto file = reader_.read(PidPath(pid, "cmdline").c_str());
    if (file.error == ETIMEDOUT || file.error == EAGAIN) {
        --known.cmdline_tries;
        faults_.note("/proc/PID/cmdline", file.error);
        return;
    }
    known.cmdline_tries = 0;
    if (file.error != 0) {
        if (!has_ended(file.error)) faults_.note("/proc/PID/cmdline", file.error);
        return;
    }
    known.name = process_name(known.comm, file.text);
    known.cmdline = readable_cmdline(file.text, mode_);
}

}  // namespace chorus::agent
