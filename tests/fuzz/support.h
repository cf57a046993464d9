// What the targets share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace chorus::fuzz {

// A crash where something does not hold, so that libFuzzer keeps the input.
inline void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

// The fuzzer's bytes, which lie in memory of just their size: a read behind them is found.
inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

// Takes the first byte off, by which a target chooses among its parsers; '\0' if there is none.
inline char take_choice(std::string_view& text) {
    if (text.empty()) return '\0';
    const char choice = text.front();
    text.remove_prefix(1);
    return choice;
}

}  // namespace chorus::fuzz
