// The name and the arguments of a process, from /proc/PID/cmdline.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "agent/process/cmdline.h"
#include "agent/process/known_process.h"
#include "agent/procfs/support/deadline_reader.h"
#include "agent/procfs/support/read_faults.h"

namespace chorus::agent {

// A process that holds its readers is asked again in later scans, a few times. It costs no other
// process a try. What a scan wants is
// read together, and after the stat of each process: an exec that comes in between is seen by the
// next scan.
class CmdlineReader {
  public:
    CmdlineReader(DeadlineReader& reader, ReadFaults& faults, CmdlineMode mode)
        : reader_(reader), faults_(faults), mode_(mode) {}

    // After a start or an exec: the name is comm until more is read.
    static void begin(KnownProcess& known);
    // Once a scan. Asks for it if a try is left.
    void want(std::int32_t pid, KnownProcess& known);
    // Reads what was asked for, and calls `take` with each process that a try was made for.
    void read_wanted(std::unordered_map<std::int32_t, KnownProcess>& known,
                     const std::function<void(std::int32_t pid, const KnownProcess&)>& take);
    // From now on only where the name takes it.
    void leave_out_arguments() { mode_ = CmdlineMode::none; }

  private:
    void take_file(KnownProcess& known, const DeadlineReader::Result& file);

    DeadlineReader& reader_;
    ReadFaults& faults_;
    CmdlineMode mode_;
    std::vector<std::int32_t> wanted_;
};

}  // namespace chorus::agent
