// The figures of one column of a process over some batches, packed.
//
// Each figure is kept as its distance from the least one, in as few bits as the greatest distance
// needs (frame of reference). So a figure that stays the same takes no bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace chorus::store {

// Stands for a figure that is not known. No column has it as a value.
inline constexpr std::int64_t kUnknown = std::numeric_limits<std::int64_t>::min();

enum class FigureType {
    whole,  // the number itself
    real,   // the bits of a float, as an unsigned number of 32 bits
};

// Appends two bytes of head, the least number, and the distances:
// - flag "some are unknown" (1 bit), bits of a distance (7 bits);
// - scale (4 bits), bytes of the least number (4 bits). Whole numbers are counted in units of
//   2^scale. Real ones have been multiplied by 10^scale; scale 15 are their bits;
// - the least number, two's complement, most significant byte first;
// - the distances, most significant bit first, filled up to a whole byte. All ones: unknown.
void pack_figures(std::span<const std::int64_t> figures, FigureType type, std::string& out);

class PackedFigures {
  public:
    // Reads what pack_figures() appended for `count` figures, and takes it off the front of
    // `bytes`, which must live as long as this. Throws std::runtime_error if it is damaged.
    PackedFigures(std::string_view& bytes, std::size_t count, FigureType type);

    // `index` is below `count`.
    std::int64_t at(std::size_t index) const;

  private:
    std::uint64_t code(std::size_t at) const;

    std::int64_t low_ = 0;
    std::string_view codes_;
    unsigned width_ = 0;
    unsigned scale_ = 0;
    FigureType type_;
    bool some_unknown_ = false;
};

}  // namespace chorus::store
