// Keeps batches that no aggregator will ever take, for people who look for the reason.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/spool/disk_calls.h"

namespace chorus::agent {

// Writes frames to `directory`/dead-letter. When that file is full, it becomes dead-letter.1 and
// replaces the one before. Nothing above these bounds is kept:
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
