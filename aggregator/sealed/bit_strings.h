// Numbers of any width one behind the other, as PostgreSQL's varbit holds them: the most
// significant bit first, zeros at the end of the last byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace chorus::store {

// The widest number that a BitWriter takes and a BitReader gives.
inline constexpr int kWidestNumber = 57;

class BitWriter {
  public:
    // `number` has no more than `width` bits, and `width` is 0 to kWidestNumber.
    void put(std::uint64_t number, int width) {
        held_ = (held_ << static_cast<unsigned>(width)) | number;
        have_ += width;
        size_ += static_cast<std::size_t>(width);
        while (have_ >= 8) {
            have_ -= 8;
            bytes_ += static_cast<char>(
                static_cast<unsigned char>(held_ >> static_cast<unsigned>(have_)));
        }
    }
    // For numbers of up to 64 bits.
    void put_wide(std::uint64_t number, int width) {
        if (width > 32) put(number >> 32U, width - 32);
        put(number & UINT32_MAX, width > 32 ? 32 : width);
    }
    std::size_t size() const { return size_; }  // in bits
    // The last call.
    std::string finish() {
        if (have_ > 0)
            bytes_ += static_cast<char>(
                static_cast<unsigned char>(held_ << static_cast<unsigned>(8 - have_)));
        return std::move(bytes_);
    }

  private:
    std::string bytes_;
    std::uint64_t held_ = 0;  // at most 7 bits wait
    int have_ = 0;
    std::size_t size_ = 0;
};

class BitReader {
  public:
    // What is asked for must lie within the bytes.
    explicit BitReader(std::string_view bytes)
        : padded_(std::string{bytes} + std::string(sizeof(std::uint64_t), '\0')) {}

    std::uint64_t at(std::size_t bit, int width) const {
        if (width == 0) return 0;
        return (word_at(bit / 8) << (bit % 8)) >> static_cast<unsigned>(64 - width);
    }
    std::uint64_t wide_at(std::size_t bit, int width) const {
        if (width <= 32) return at(bit, width);
        const auto high = width - 32;
        return at(bit, high) << 32U | at(bit + static_cast<std::size_t>(high), 32);
    }

  private:
    std::uint64_t word_at(std::size_t byte) const {
        std::uint64_t word = 0;
        std::memcpy(&word, padded_.data() + byte, sizeof word);
        return __builtin_bswap64(word);
    }

    // With eight bytes more than there are, so that the last number can be read like the others.
    const std::string padded_;
};

}  // namespace chorus::store
