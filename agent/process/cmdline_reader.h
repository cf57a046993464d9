// The name and the arguments of a process, from /proc/PID/cmdline.
#pragma once

#include <cstdint>

#include "agent/process/cmdline.h"
#include "agent/process/known_process.h"
#include "agent/procfs/support/deadline_reader.h"
#include "agent/procfs/support/read_faults.h"

namespace chorus::agent {

// A process that holds its readers is asked again in later scans, a few times.
class CmdlineReader {
  public:
    CmdlineReader(DeadlineReader& reader, ReadFaults& faults, CmdlineMode mode)
        : reader_(reader), faults_(faults), mode_(mode) {}

    // After a start or an exec: the name is comm until more is read.
    static void begin(KnownProcess& known);
    // Once a scan. Reads if a try is left.
    void read(KnownProcess& known, std::int32_t pid);
    // From now on only where the name takes it.
    void leave_out_arguments() { mode_ = CmdlineMode::none; }

  private:
    DeadlineReader& reader_;
    ReadFaults& faults_;
    CmdlineMode mode_;
};

}  // namespace chorus::agent
