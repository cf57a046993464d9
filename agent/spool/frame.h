// One batch as it lies on disk.
//
//    0  magic "CHSF"
//    4  version, 3 bytes of zeros
//    8  sequence number, 8 bytes
//   16  time in whole seconds since 1970, 4 bytes: only listings and ages need it
//   20  length of the payload, 4 bytes
//   24  CRC32C of what is before it
//   28  payload
//   ..  CRC32C of head and payload
//
// Numbers are little-endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/batch/batch.h"

namespace chorus::agent {

struct FrameHead {
    std::uint64_t seq = 0;
    std::uint32_t time = 0;    // seconds since 1970
    std::uint32_t length = 0;  // of the payload
};

inline constexpr std::size_t kFrameHeadBytes = 28;
inline constexpr std::size_t kFrameBytes = kFrameHeadBytes + 4;  // without the payload
inline constexpr std::size_t kLongestPayload = limits::kBodyBytes;

// CRC32C (Castagnoli), as in RFC 3720.
std::uint32_t crc32c(std::string_view bytes);

std::string encode_frame(std::uint64_t seq, std::uint32_t time, std::string_view payload);

// The head at the beginning of `bytes`, if it is complete and undamaged.
std::optional<FrameHead> parse_frame_head(std::string_view bytes);
// The payload of the frame at the beginning of `bytes`, if it is complete and undamaged.
std::optional<std::string_view> parse_frame(std::string_view bytes);

struct FramePlace {
    std::size_t offset = 0;
    FrameHead head;
};
struct SegmentScan {
    std::vector<FramePlace> frames;
    std::size_t damages = 0;  // stretches of bytes that are no frames
};

// Finds every complete frame, whatever lies between them. Never reads a payload twice, because a
// head counts only if its own checksum is right.
SegmentScan scan_segment(std::string_view bytes);

}  // namespace chorus::agent
