#include "aggregator/sealed/processes/figure_codec.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <optional>
#include <vector>

#include "aggregator/sealed/damage.h"

namespace chorus::store {
namespace {

constexpr std::array kPowers{1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
constexpr unsigned kBits = 15;  // scale of real numbers that are no short decimals
constexpr unsigned kMostShift = 14;
constexpr double kMostSteps = 0x1p40;
constexpr unsigned kWordBits = 64;
constexpr unsigned char kSomeUnknown = 0x80;

float float_of(std::int64_t bits) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
}

std::int64_t real_of(std::int64_t steps, double power) {
    return std::bit_cast<std::uint32_t>(static_cast<float>(static_cast<double>(steps) / power));
}

std::optional<std::int64_t> to_steps(std::int64_t bits, double power) {
    const double scaled = std::nearbyint(static_cast<double>(float_of(bits)) * power);
    if (!(std::fabs(scaled) < kMostSteps)) return std::nullopt;
    const auto steps = static_cast<std::int64_t>(scaled);
    return real_of(steps, power) == bits ? std::optional{steps} : std::nullopt;
}

// The fewest digits that fit all; kBits if none do.
unsigned decimals_of(std::span<const std::int64_t> figures) {
    for (unsigned digits = 0; digits < kPowers.size(); ++digits) {
        if (std::ranges::all_of(figures, [&](std::int64_t figure) {
                return figure == kUnknown || to_steps(figure, kPowers[digits]).has_value();
            })) {
            return digits;
        }
    }
    return kBits;
}

unsigned common_shift(std::span<const std::int64_t> figures) {
    std::uint64_t any = 0;
    for (const auto figure : figures) {
        if (figure != kUnknown) any |= static_cast<std::uint64_t>(figure);
    }
    return any == 0 ? 0 : std::min(static_cast<unsigned>(std::countr_zero(any)), kMostShift);
}

// Bytes that two's complement needs; none for 0.
unsigned bytes_of(std::int64_t number) {
    if (number == 0) return 0;
    const auto magnitude = static_cast<std::uint64_t>(number < 0 ? ~number : number);
    return static_cast<unsigned>(std::bit_width(magnitude)) / 8 + 1;
}

std::uint64_t all_ones(unsigned width) {
    return width == 0 ? 0 : ~std::uint64_t{0} >> (kWordBits - width);
}

// Distances of any width, most significant bit first.
void append_codes(std::span<const std::uint64_t> codes, unsigned width, std::string& out) {
    if (width == 0) return;
    const auto begin = out.size();
    out.resize(begin + (codes.size() * width + 7) / 8, '\0');
    std::size_t at = 0;
    for (const auto code : codes) {
        for (unsigned left = width; left > 0;) {
            const auto room = 8 - static_cast<unsigned>(at % 8);
            const auto take = std::min(room, left);
            const auto part = (code >> (left - take)) & all_ones(take);
            auto& byte = out[begin + at / 8];
            byte = static_cast<char>(static_cast<unsigned char>(byte) | part << (room - take));
            left -= take;
            at += take;
        }
    }
}

// As the bits are kept; 0 where unknown.
std::vector<std::int64_t> steps_of(std::span<const std::int64_t> figures, FigureType type,
                                   unsigned scale) {
    std::vector<std::int64_t> steps;
    steps.reserve(figures.size());
    for (const auto figure : figures) {
        if (figure == kUnknown) {
            steps.push_back(0);
        } else if (type == FigureType::whole) {
            steps.push_back(figure >> scale);
        } else {
            steps.push_back(scale == kBits ? figure : *to_steps(figure, kPowers[scale]));
        }
    }
    return steps;
}

[[noreturn]] void damaged_figures() {
    throw DamagedRow("a packed process table is damaged");
}

}  // namespace

void pack_figures(std::span<const std::int64_t> figures, FigureType type, std::string& out) {
    const auto scale = type == FigureType::whole ? common_shift(figures) : decimals_of(figures);
    const auto steps = steps_of(figures, type, scale);
    std::optional<std::int64_t> low, high;
    bool some_unknown = false;
    for (std::size_t i = 0; i < figures.size(); ++i) {
        if (figures[i] == kUnknown) {
            some_unknown = true;
            continue;
        }
        low = std::min(steps[i], low.value_or(steps[i]));
        high = std::max(steps[i], high.value_or(steps[i]));
    }
    const auto least = low.value_or(0);
    // kUnknown is no value, so there is always room for one distance more.
    const auto range =
        static_cast<std::uint64_t>(high.value_or(0)) - static_cast<std::uint64_t>(least);
    const auto width =
        low ? static_cast<unsigned>(std::bit_width(range + (some_unknown ? 1 : 0))) : 0U;
    const auto size = bytes_of(least);
    out += static_cast<char>(static_cast<unsigned char>((some_unknown ? kSomeUnknown : 0) | width));
    out += static_cast<char>(static_cast<unsigned char>(scale << 4 | size));
    for (unsigned i = size; i > 0; --i) {
        out += static_cast<char>(
            static_cast<unsigned char>(static_cast<std::uint64_t>(least) >> (8 * (i - 1))));
    }
    std::vector<std::uint64_t> codes;
    codes.reserve(steps.size());
    for (std::size_t i = 0; i < figures.size(); ++i) {
        codes.push_back(figures[i] == kUnknown ? all_ones(width)
                                               : static_cast<std::uint64_t>(steps[i]) -
                                                     static_cast<std::uint64_t>(least));
    }
    append_codes(codes, width, out);
}

PackedFigures::PackedFigures(std::string_view& bytes, std::size_t count, FigureType type)
    : type_(type) {
    if (bytes.size() < 2) damaged_figures();
    const auto head = static_cast<unsigned char>(bytes[0]);
    const auto second = static_cast<unsigned char>(bytes[1]);
    some_unknown_ = (head & kSomeUnknown) != 0;
    width_ = head & 0x7fU;
    scale_ = second >> 4;
    const std::size_t size = second & 0xfU;
    const bool fits = type == FigureType::whole ? scale_ <= kMostShift
                                                : scale_ < kPowers.size() || scale_ == kBits;
    if (width_ > kWordBits || size > sizeof low_ || !fits) damaged_figures();
    const std::size_t codes = (count * width_ + 7) / 8;
    if (bytes.size() < 2 + size + codes) damaged_figures();
    std::uint64_t low =
        size > 0 && (static_cast<unsigned char>(bytes[2]) & 0x80U) != 0 ? ~std::uint64_t{0} : 0;
    for (std::size_t i = 0; i < size; ++i) {
        low = low << 8 | static_cast<unsigned char>(bytes[2 + i]);
    }
    low_ = static_cast<std::int64_t>(low);
    codes_ = bytes.substr(2 + size, codes);
    bytes.remove_prefix(2 + size + codes);
}

// Bits of that number from there, the first one in the highest place. Eight bytes at a time where
// there are so many.
std::uint64_t PackedFigures::code(std::size_t at) const {
    const auto shift = static_cast<unsigned>(at % 8);
    if (width_ + shift <= kWordBits && at / 8 + sizeof(std::uint64_t) <= codes_.size()) {
        if (width_ == 0) return 0;
        std::uint64_t word = 0;
        std::memcpy(&word, codes_.data() + at / 8, sizeof word);
        if constexpr (std::endian::native == std::endian::little) word = __builtin_bswap64(word);
        return word << shift >> (kWordBits - width_);
    }
    std::uint64_t code = 0;
    for (unsigned left = width_; left > 0;) {
        const auto room = 8 - static_cast<unsigned>(at % 8);
        const auto take = std::min(room, left);
        const auto byte = static_cast<unsigned char>(codes_[at / 8]);
        code = code << take | ((byte >> (room - take)) & all_ones(take));
        left -= take;
        at += take;
    }
    return code;
}

std::int64_t PackedFigures::at(std::size_t index) const {
    const auto code = this->code(index * width_);
    if (some_unknown_ && code == all_ones(width_)) return kUnknown;
    const auto steps = static_cast<std::uint64_t>(low_) + code;
    if (type_ == FigureType::whole) return static_cast<std::int64_t>(steps << scale_);
    if (scale_ == kBits) return static_cast<std::int64_t>(steps);
    return real_of(static_cast<std::int64_t>(steps), kPowers[scale_]);
}

}  // namespace chorus::store
