// How far apart two words are.
#pragma once

#include <cstddef>
#include <string_view>

namespace chorus {

// The Levenshtein distance in bytes, ASCII letters without regard to case. Takes |a| * |b| steps.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace chorus
