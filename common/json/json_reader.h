// Untrusted JSON in, by simdjson's DOM, with the bounds that simdjson leaves to its user.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/json/json_value.h"

namespace chorus {

namespace limits {
inline constexpr int kJsonDepth = 32;
}

// Why a text is no acceptable JSON. `code` is one of json_invalid, json_too_deep,
// json_duplicate_key, number_invalid, invalid_utf8.
class JsonError : public std::runtime_error {
  public:
    JsonError(std::string code, const std::string& message, std::size_t offset)
        : std::runtime_error(message), code_(std::move(code)), offset_(offset) {}
    const std::string& code() const { return code_; }
    std::size_t offset() const { return offset_; }  // byte offset of the fault, 0 if unknown

  private:
    std::string code_;
    std::size_t offset_;
};

// Parses whole documents. Not thread-safe: one per thread. The value returned lives until the next
// call of parse() on the same reader.
class JsonReader {
  public:
    JsonReader();

    // Refuses: depth above limits::kJsonDepth, a byte order mark, text after the document, invalid
    // UTF-8 and lone surrogates, numbers that no double holds, an object with the same key twice,
    // texts above limits::kInflatedBytes. Throws JsonError.
    JsonValue parse(std::string_view text);
    JsonValue parse(const char* text) { return parse(std::string_view{text}); }
    // The same without copying, if the string's capacity leaves simdjson::SIMDJSON_PADDING bytes
    // behind its end; a body is best read into a string reserved that way.
    JsonValue parse(const std::string& text);

  private:
    JsonValue parse_padded(const char* data, std::size_t size);
    void shrink(std::size_t next_size);
    // JSON pointer of the first key that an object has twice. Sets too_deep_ when it meets a
    // container below the permitted depth (simdjson does not count empty ones).
    std::optional<std::string> find_duplicate_key(JsonValue value, int depth);
    std::optional<std::string_view> duplicate_of(simdjson::dom::object object);

    simdjson::dom::parser parser_;
    std::string padded_;
    std::vector<std::pair<std::uint64_t, std::string_view>> keys_;
    bool too_deep_ = false;
};

}  // namespace chorus
