// Where and why a text is not JSON: a slow strict scan for texts that the fast parser refused.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace chorus {

struct JsonFault {
    std::string_view code;     // as JsonError
    std::string_view message;  // never contains the text
    std::size_t offset;        // bytes from the start of the text
};

// The first fault by RFC 8259 and the bounds of JsonReader (but for duplicate keys); nullopt if
// there is none. Linear in the text, constant memory.
std::optional<JsonFault> find_json_fault(std::string_view text, int maximum_depth);

}  // namespace chorus
