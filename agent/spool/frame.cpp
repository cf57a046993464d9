#include "agent/spool/frame.h"

#include <boost/crc.hpp>

namespace chorus::agent {
namespace {

constexpr std::string_view kMagic = "CHSF";
constexpr char kVersion = 1;
constexpr std::size_t kHeadCrcAt = 24;

template <typename T>
void put(std::string& out, T number) {
    for (std::size_t i = 0; i < sizeof number; ++i) {
        out += static_cast<char>((number >> (8 * i)) & 0xFFU);
    }
}

template <typename T>
T get(std::string_view bytes, std::size_t at) {
    T number = 0;
    for (std::size_t i = 0; i < sizeof number; ++i) {
        number |= static_cast<T>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
    }
    return number;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
    boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
    crc.process_bytes(bytes.data(), bytes.size());
    return crc.checksum();
}

std::string encode_frame(std::uint64_t seq, std::uint32_t time, std::string_view payload) {
    std::string out;
    out.reserve(kFrameBytes + payload.size());
    out += kMagic;
    out += kVersion;
    out.append(3, '\0');
    put(out, seq);
    put(out, time);
    put(out, static_cast<std::uint32_t>(payload.size()));
    put(out, crc32c(out));
    out += payload;
    put(out, crc32c(out));
    return out;
}

std::optional<FrameHead> parse_frame_head(std::string_view bytes) {
    if (bytes.size() < kFrameHeadBytes || !bytes.starts_with(kMagic) ||
        bytes[kMagic.size()] != kVersion ||
        get<std::uint32_t>(bytes, kHeadCrcAt) != crc32c(bytes.substr(0, kHeadCrcAt))) {
        return std::nullopt;
    }
    const FrameHead head{.seq = get<std::uint64_t>(bytes, 8),
                         .time = get<std::uint32_t>(bytes, 16),
                         .length = get<std::uint32_t>(bytes, 20)};
    if (head.length > kLongestPayload) return std::nullopt;
    return head;
}

std::optional<std::string_view> parse_frame(std::string_view bytes) {
    const auto head = parse_frame_head(bytes);
    if (!head || bytes.size() < kFrameBytes + head->length) return std::nullopt;
    const auto covered = bytes.substr(0, kFrameHeadBytes + head->length);
    if (get<std::uint32_t>(bytes, covered.size()) != crc32c(covered)) return std::nullopt;
    return covered.substr(kFrameHeadBytes);
}

SegmentScan scan_segment(std::string_view bytes) {
    SegmentScan scan;
    std::size_t at = 0;
    bool in_damage = false;
    while (at < bytes.size()) {
        const auto rest = bytes.substr(at);
        if (const auto payload = parse_frame(rest)) {
            scan.frames.push_back({at, *parse_frame_head(rest)});
            at += kFrameBytes + payload->size();
            in_damage = false;
            continue;
        }
        if (!in_damage) ++scan.damages;
        in_damage = true;
        const auto next = bytes.find(kMagic, at + 1);
        at = next == std::string_view::npos ? bytes.size() : next;
    }
    return scan;
}

}  // namespace chorus::agent
