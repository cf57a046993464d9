// Untrusted JSON in, by simdjson's DOM, with the bounds that simdjson leaves to its user.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace chorus {

using JsonValue = simdjson::dom::element;

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
    // Refuses: depth above limits::kJsonDepth, a byte order mark, text after the document, invalid
    // UTF-8 and lone surrogates, numbers that no double holds, an object with the same key twice.
    // Throws JsonError.
    JsonValue parse(std::string_view text);

  private:
    simdjson::dom::parser parser_;
    std::string padded_;
};

}  // namespace chorus
