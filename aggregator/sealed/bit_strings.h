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
        add_word((held_ << static_cast<unsigned>(room)) | (number >> static_cast<unsigned>(have_)));
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
        const auto bytes = words_full_ * sizeof held_ + static_cast<std::size_t>(have_ + 7) / 8;
        if (have_ > 0)
            words_[words_full_] = in_order(held_ << static_cast<unsigned>(kWord - have_));
        append(bytes);
        return std::move(bytes_);
    }

  private:
    static constexpr int kWord = 64;

    static std::uint64_t in_order(std::uint64_t word) { return __builtin_bswap64(word); }
    void add_word(std::uint64_t word) {
        words_[words_full_] = in_order(word);
        // One place is kept for what finish() adds.
        if (++words_full_ + 1 < words_.size()) return;
        append(words_full_ * sizeof word);
        words_full_ = 0;
    }
    void append(std::size_t bytes) {
        bytes_.append(reinterpret_cast<const char*>(words_.data()), bytes);
    }

    std::string bytes_;
    std::array<std::uint64_t, 64> words_{};  // what is not in bytes_ yet
    std::size_t words_full_ = 0;
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
