#include "common/json/json_fault.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "common/text.h"

namespace chorus {
namespace {

// Thrown within this file only: the scan ends at the first fault.
struct Stop {
    JsonFault fault;
};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

class Scan {
  public:
    Scan(std::string_view text, int maximum_depth) : text_(text), maximum_depth_(maximum_depth) {}

    void document() {
        blanks();
        value();
        blanks();
        if (at_ != text_.size()) fail("Text after the document");
    }

  private:
    [[noreturn]] void fail(std::string_view message, std::string_view code = "json_invalid") {
        fail_at(at_, message, code);
    }
    [[noreturn]] void fail_at(std::size_t offset, std::string_view message, std::string_view code) {
        // A byte that is no UTF-8 explains itself better than "unexpected character".
        if (code == "json_invalid" && offset < text_.size() &&
            utf8_sequence_length(text_.substr(offset)) == 0) {
            throw Stop{{"invalid_utf8", "Bytes that are not UTF-8", offset}};
        }
        throw Stop{{code, message, offset}};
    }
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    bool take(char c) {
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    void blanks() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' ||
                                      text_[at_] == '\n' || text_[at_] == '\r')) {
            ++at_;
        }
    }

    // Recursion is bounded by maximum_depth_.
    void value() {
        switch (peek()) {
            case '{':
                return nested(&Scan::members, '}');
            case '[':
                return nested(&Scan::elements, ']');
            case '"':
                return string();
            case 't':
                return word("true");
            case 'f':
                return word("false");
            case 'n':
                return word("null");
            default:
                return number();
        }
    }

    void nested(void (Scan::*inside)(), char close) {
        if (depth_ == maximum_depth_) fail("Nested too deep", "json_too_deep");
        ++depth_;
        ++at_;
        blanks();
        if (!take(close)) {
            (this->*inside)();
            if (!take(close)) fail("Expected a comma or the closing bracket");
        }
        --depth_;
    }

    void members() {
        do {
            blanks();
            if (peek() != '"') fail("Expected a key in double quotes");
            string();
            blanks();
            if (!take(':')) fail("Expected a colon");
            blanks();
            value();
            blanks();
        } while (take(','));
    }

    void elements() {
        do {
            blanks();
            value();
            blanks();
        } while (take(','));
    }

    void word(std::string_view expected) {
        if (text_.substr(at_, expected.size()) != expected) fail("Unexpected word");
        at_ += expected.size();
    }

    void number() {
        const std::size_t start = at_;
        take('-');
        if (!is_digit(peek())) {
            at_ = start;
            fail("Expected a value");
        }
        if (!take('0')) digits();
        bool whole = true;
        if (take('.')) {
            whole = false;
            if (!is_digit(peek())) fail("Expected a digit", "number_invalid");
            digits();
        }
        if (peek() == 'e' || peek() == 'E') {
            whole = false;
            ++at_;
            if (!take('+')) take('-');
            if (!is_digit(peek())) fail("Expected a digit", "number_invalid");
            digits();
        }
        if (is_digit(peek())) fail("Number with a leading zero", "number_invalid");
        range(text_.substr(start, at_ - start), whole, start);
    }
    void digits() {
        while (is_digit(peek())) ++at_;
    }
    // Integers outside 64 bits and reals above the largest double cannot be kept exactly.
    void range(std::string_view number, bool whole, std::size_t start) {
        const char* const end = number.data() + number.size();
        if (whole) {
            std::uint64_t natural = 0;
            std::int64_t integer = 0;
            if (std::from_chars(number.data(), end, natural).ec == std::errc{} ||
                std::from_chars(number.data(), end, integer).ec == std::errc{}) {
                return;
            }
            fail_at(start, "Integer outside 64 bits", "number_invalid");
        }
        double real = 0;
        if (std::from_chars(number.data(), end, real).ec != std::errc::result_out_of_range) return;
        // from_chars reports too small as it reports too large; only too large is a fault.
        if (std::isinf(std::strtod(std::string(number).c_str(), nullptr))) {
            fail_at(start, "Number out of range", "number_invalid");
        }
    }

    void string() {
        const std::size_t start = at_++;
        while (at_ < text_.size()) {
            const auto byte = static_cast<unsigned char>(text_[at_]);
            if (byte == '"') {
                ++at_;
                return;
            }
            if (byte < 0x20) fail("Control character in a string");
            if (byte == '\\') {
                escape();
                continue;
            }
            const std::size_t length = utf8_sequence_length(text_.substr(at_));
            if (length == 0) fail("Bytes that are not UTF-8", "invalid_utf8");
            at_ += length;
        }
        fail_at(start, "String without its end", "json_invalid");
    }

    void escape() {
        const std::size_t start = at_++;
        constexpr std::string_view simple = "\"\\/bfnrt";
        if (peek() != '\0' && simple.find(peek()) != std::string_view::npos) {
            ++at_;
            return;
        }
        if (!take('u')) fail_at(start, "Unknown escape", "json_invalid");
        const unsigned unit = hex4(start);
        if (unit < 0xD800 || unit > 0xDFFF) return;
        const bool high = unit < 0xDC00;
        if (high && text_.substr(at_, 2) == "\\u") {
            at_ += 2;
            const unsigned low = hex4(start);
            if (low >= 0xDC00 && low <= 0xDFFF) return;
        }
        fail_at(start, "Half of a surrogate pair", "invalid_utf8");
    }
    unsigned hex4(std::size_t start) {
        unsigned unit = 0;
        const std::string_view digits_of = text_.substr(at_, 4);
        const char* const end = digits_of.data() + digits_of.size();
        const auto result = std::from_chars(digits_of.data(), end, unit, 16);
        if (digits_of.size() != 4 || result.ptr != end || result.ec != std::errc{}) {
            fail_at(start, "Unknown escape", "json_invalid");
        }
        at_ += 4;
        return unit;
    }

    std::string_view text_;
    int maximum_depth_;
    int depth_ = 0;
    std::size_t at_ = 0;
};

}  // namespace

std::optional<JsonFault> find_json_fault(std::string_view text, int maximum_depth) {
    if (text.starts_with("\xEF\xBB\xBF")) {
        return JsonFault{"json_invalid", "Text starts with a byte order mark", 0};
    }
    try {
        Scan{text, maximum_depth}.document();
    } catch (const Stop& stop) {
        return stop.fault;
    }
    return std::nullopt;
}

}  // namespace chorus
