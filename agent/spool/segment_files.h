// The files of a spool directory: "00000000000000000042.seg".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "agent/spool/disk_calls.h"

namespace chorus::agent {

std::string segment_name(std::uint64_t number);

// Number and path of each segment file.
std::map<std::uint64_t, std::string> list_segments(const std::string& directory);

// The content, up to kMostSegmentBytes; nullopt with errno set if it cannot be read.
inline constexpr std::uint64_t kMostSegmentBytes = 32U << 20U;
std::optional<std::string> read_segment(DiskCalls& disk, const std::string& path);

// Bytes a file takes on its file system; 0 if it is not there.
std::uint64_t bytes_on_disk(const std::string& path);

}  // namespace chorus::agent
