// Numbers of any width one behind the other, as PostgreSQL's varbit holds them: the most
// significant bit first, zeros at the end of the last byte.
#pragma once

#include <array>
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
        size_ += static_cast<std::size_t>(width);
        const int room = kWord - have_;
        if (width < room) {
            held_ = (held_ << static_cast<unsigned>(width)) | number;
            have_ += width;
            return;
        }
        // Some bits wait here, as no number has as many as a word.
        have_ = width - room;
        append((held_ << static_cast<unsigned>(room)) | (number >> static_cast<unsigned>(have_)),
               sizeof held_);
        held_ = number;
    }
    // For numbers of up to 64 bits.
    void put_wide(std::uint64_t number, int width) {
        if (width > 32) put(number >> 32U, width - 32);
        put(number & UINT32_MAX, width > 32 ? 32 : width);
    }
    std::size_t size() const { return size_; }  // in bits
    // The last call.
    std::string finish() {
        if (have_ > 0) {
            append(held_ << static_cast<unsigned>(kWord - have_),
                   static_cast<std::size_t>(have_ + 7) / 8);
        }
        return std::move(bytes_);
    }

  private:
    static constexpr int kWord = 64;

    // The first bytes of it.
    void append(std::uint64_t word, std::size_t bytes) {
        const auto in_order = __builtin_bswap64(word);
        std::array<char, sizeof in_order> chars{};
        std::memcpy(chars.data(), &in_order, sizeof in_order);
        bytes_.append(chars.data(), bytes);
    }

    std::string bytes_;
    std::uint64_t held_ = 0;  // the last `have_` bits of it wait, fewer than a word
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
