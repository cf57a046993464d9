// Which processes are reported one by one on a host with very many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/batch/batch.h"

namespace chorus::agent {

// Whether one of the globs (glob(7)) fits the name.
bool matches_any(const std::string& name, const std::vector<std::string>& globs);

// Disk traffic of a process, by which it is ranked.
using IoRank = std::function<std::uint64_t(const ProcessSample&)>;
// What it has read and written since it started.
std::uint64_t disk_bytes(const ProcessSample& process);

// Keeps at most `most` rows. First come those whose name matches one of `always` (glob(7)). Then
// come those that use most CPU, memory, disk traffic and open files, in turn. The other rows are
// summed into `other`, so that totals stay right.
void fold_small_processes(ProcessTable& table, std::size_t most,
                          const std::vector<std::string>& always = {},
                          const IoRank& io = disk_bytes);

}  // namespace chorus::agent
