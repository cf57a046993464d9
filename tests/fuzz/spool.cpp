// Segment files of the spool after whatever happened to the disk.
#include <algorithm>

#include "agent/spool/frame.h"
#include "tests/fuzz/support.h"

using namespace chorus;
using namespace chorus::fuzz;

namespace {

void check(std::string_view bytes) {
    std::size_t end = 0;
    for (const auto& place : agent::scan_segment(bytes).frames) {
        require(place.offset >= end, "frames do not overlap");
        const auto payload = agent::parse_frame(bytes.substr(place.offset));
        require(payload && payload->size() == place.head.length, "a frame that is found is whole");
        const auto again = agent::encode_frame(place.head.seq, place.head.time, *payload);
        require(bytes.substr(place.offset).starts_with(again), "it is what would be written");
        end = place.offset + again.size();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = text_of(data, size);
    check(text);
    // No checksum is hit by chance. So the bytes are also a payload between two good frames, with
    // one byte turned over where the first two say.
    std::string segment = agent::encode_frame(1, 2, "first") + agent::encode_frame(3, 4, text) +
                          agent::encode_frame(5, 6, "last");
    const auto whole = agent::scan_segment(segment);
    const bool nested = text.find("CHSF") != std::string_view::npos;
    require(whole.frames.size() == 3 && whole.damages == 0, "what is written is found");
    if (size < 2) return 0;
    const std::size_t at = (data[0] * 256U + data[1]) % segment.size();
    segment[at] = static_cast<char>(~segment[at]);
    check(segment);
    const auto damaged = agent::scan_segment(segment);
    require(damaged.damages > 0, "damage is noticed");
    require(nested || damaged.frames.size() == 2, "damage costs the frame it touches");
    return 0;
}
