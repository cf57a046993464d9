// The one way JSON leaves the programs: straight into a string, always valid.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "common/timestamp.h"

namespace chorus {

// Writes RFC 8259 text. Commas and colons are put by the writer; the caller only keeps begin/end
// balanced. NaN and infinities become null; bytes that are not UTF-8 become U+FFFD; all control
// characters are escaped; doubles take the shortest form that reads back the same.
class JsonWriter {
  public:
    JsonWriter& begin_object() { return open('{'); }
    JsonWriter& end_object() { return close('}'); }
    JsonWriter& begin_array() { return open('['); }
    JsonWriter& end_array() { return close(']'); }
    JsonWriter& key(std::string_view name);

    JsonWriter& value(std::string_view text);
    JsonWriter& value(const char* text) { return value(std::string_view{text}); }
    JsonWriter& value(const std::string& text) { return value(std::string_view{text}); }
    JsonWriter& value(double number);
    JsonWriter& value(Timestamp time) { return value(format_timestamp(time)); }
    JsonWriter& value(std::nullptr_t) { return null(); }
    template <typename T>
    requires std::is_integral_v<T> JsonWriter& value(T number) {
        if constexpr (std::is_same_v<T, bool>) {
            return boolean(number);
        } else if constexpr (std::is_signed_v<T>) {
            return integer(static_cast<std::int64_t>(number));
        } else {
            return natural(static_cast<std::uint64_t>(number));
        }
    }
    template <typename T>
    JsonWriter& value(const std::optional<T>& maybe) {
        return maybe ? value(*maybe) : null();
    }
    JsonWriter& null();
    // Text that is JSON already (a jsonb column, for one); it is trusted.
    JsonWriter& raw(std::string_view json);

    template <typename T>
    JsonWriter& field(std::string_view name, const T& v) {
        return key(name).value(v);
    }

    const std::string& text() const { return out_; }
    std::string take() { return std::move(out_); }
    // Forgets the text but keeps its buffer.
    void clear();
    void reserve(std::size_t bytes) { out_.reserve(bytes); }

  private:
    JsonWriter& open(char bracket);
    JsonWriter& close(char bracket);
    JsonWriter& boolean(bool b);
    JsonWriter& integer(std::int64_t n);
    JsonWriter& natural(std::uint64_t n);
    void separate();

    std::string out_;
    bool need_comma_ = false;
};

// Appends `text` as a JSON string with its quotes, by the rules of JsonWriter.
void append_json_string(std::string& out, std::string_view text);

}  // namespace chorus
