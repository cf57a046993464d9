#include "aggregator/sealed/compressed_size.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace chorus::store {
namespace {

constexpr std::size_t kShortestMatch = 4;
constexpr std::size_t kMatchCost = 3;        // a token and an offset
constexpr std::size_t kLengthsInToken = 15;  // longer ones take a byte for each 255
constexpr std::size_t kFarthest = 65'535;
constexpr unsigned kTableBits = 12;
constexpr unsigned kMissesOfStep =
    6;  // after 2^6 places without a match each second one is tried, ...

std::uint32_t four_bytes(const char* from) {
    std::uint32_t word = 0;
    std::memcpy(&word, from, sizeof word);
    return word;
}

std::size_t place_of(std::uint32_t word) {
    return (word * 2'654'435'761U) >> (32U - kTableBits);
}

std::size_t more_lengths(std::size_t length) {
    return length < kLengthsInToken ? 0 : 1 + (length - kLengthsInToken) / 255;
}

}  // namespace

std::size_t compressed_size(std::string_view bytes) {
    std::array<std::uint32_t, 1U << kTableBits> last{};  // 1 + where such four bytes were last
    std::size_t size = 1, literals = 0, misses = 0;
    for (std::size_t at = 0; at + kShortestMatch <= bytes.size();) {
        const auto word = four_bytes(bytes.data() + at);
        auto& place = last[place_of(word)];
        const std::size_t before = place;
        place = static_cast<std::uint32_t>(at + 1);
        if (before == 0 || at + 1 - before > kFarthest ||
            four_bytes(bytes.data() + before - 1) != word) {
            const auto step = 1 + (misses++ >> kMissesOfStep);
            at += step;
            literals += step;
            continue;
        }
        const auto differ =
            std::mismatch(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end(),
                          bytes.begin() + static_cast<std::ptrdiff_t>(before - 1));
        const auto length = static_cast<std::size_t>(differ.first - bytes.begin()) - at;
        size +=
            literals + more_lengths(literals) + kMatchCost + more_lengths(length - kShortestMatch);
        at += length;
        literals = misses = 0;
    }
    return size + std::min(bytes.size(), literals + kShortestMatch - 1);
}

}  // namespace chorus::store
