// Batches that no aggregator will ever take, kept for whoever looks for the reason.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/spool/disk_calls.h"

namespace chorus::agent {

// Frames in `directory`/dead-letter; when that is full it becomes dead-letter.1, in the place of
// the one before. So much is kept and no more:
inline constexpr std::uint64_t kMostDeadLetterBytes = 4U << 20U;

class DeadLetter {
  public:
    DeadLetter(const std::string& directory, DiskCalls& disk)
        : path_(directory + "/dead-letter"), disk_(disk) {}

    // Whether it could be kept.
    bool keep(std::uint32_t time, std::string_view payload);

  private:
    std::string path_;
    DiskCalls& disk_;
    std::uint64_t next_seq_ = 1;
};

}  // namespace chorus::agent
