#include "common/json/json_reader.h"

#include <xxhash.h>

#include <algorithm>
#include <new>

#include "common/compress.h"
#include "common/json/json_fault.h"
#include "common/text.h"

namespace chorus {
namespace {

// A parser keeps the buffers of its largest document, about 13 bytes for each byte of text; above
// this size they are given back before the next small document.
constexpr std::size_t kKeptCapacity = 4U << 20U;
constexpr std::size_t kFirstCapacity = 64U << 10U;

// simdjson counts only containers that hold something, so one more level must pass it.
constexpr std::size_t kParserDepth = limits::kJsonDepth + 1;

std::string pointer_step(std::string_view key) {
    constexpr std::size_t longest = 64;
    std::string step = "/";
    for (const char c : repair_utf8(key.substr(0, longest))) {
        if (c == '~') {
            step += "~0";
        } else if (c == '/') {
            step += "~1";
        } else {
            step += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
        }
    }
    return step;
}

[[noreturn]] void explain(std::string_view text) {
    if (const auto fault = find_json_fault(text, limits::kJsonDepth)) {
        throw JsonError(std::string(fault->code), std::string(fault->message), fault->offset);
    }
    throw JsonError("json_invalid", "Text is not acceptable JSON", 0);
}

}  // namespace

JsonReader::JsonReader() : parser_(limits::kInflatedBytes) {
    if (parser_.allocate(kFirstCapacity, kParserDepth)) throw std::bad_alloc();
}

void JsonReader::shrink(std::size_t next_size) {
    if (parser_.capacity() <= kKeptCapacity || next_size > kKeptCapacity) return;
    *this = JsonReader();
}

JsonValue JsonReader::parse(const std::string& text) {
    if (text.capacity() - text.size() < simdjson::SIMDJSON_PADDING) {
        return parse(std::string_view{text});
    }
    shrink(text.size());
    return parse_padded(text.data(), text.size());
}

JsonValue JsonReader::parse(std::string_view text) {
    if (text.size() > limits::kInflatedBytes) {
        throw JsonError("json_invalid", "Text is too large", limits::kInflatedBytes);
    }
    shrink(text.size());
    padded_.reserve(text.size() + simdjson::SIMDJSON_PADDING);
    padded_.assign(text);
    return parse_padded(padded_.data(), padded_.size());
}

JsonValue JsonReader::parse_padded(const char* data, std::size_t size) {
    const std::string_view text{data, size};
    JsonValue root;
    // The caller promises the padding, so simdjson must not copy.
    if (parser_.parse(data, size, false).get(root) != simdjson::SUCCESS) explain(text);
    too_deep_ = false;
    if (const auto pointer = find_duplicate_key(root, 1)) {
        throw JsonError("json_duplicate_key", "Key given twice: " + *pointer, 0);
    }
    if (too_deep_) explain(text);
    return root;
}

std::optional<std::string> JsonReader::find_duplicate_key(JsonValue value, int depth) {
    if (value.is_array()) {
        too_deep_ = too_deep_ || depth > limits::kJsonDepth;
        std::size_t index = 0;
        for (const JsonValue item : simdjson::dom::array(value)) {
            if (item.is_array() || item.is_object()) {
                if (auto found = find_duplicate_key(item, depth + 1)) {
                    return "/" + std::to_string(index) + *found;
                }
            }
            ++index;
        }
    } else if (value.is_object()) {
        too_deep_ = too_deep_ || depth > limits::kJsonDepth;
        const simdjson::dom::object object = value;
        if (const auto key = duplicate_of(object)) return pointer_step(*key);
        for (const auto [key, item] : object) {
            if (item.is_array() || item.is_object()) {
                if (auto found = find_duplicate_key(item, depth + 1)) {
                    return pointer_step(key) + *found;
                }
            }
        }
    }
    return std::nullopt;
}

std::optional<std::string_view> JsonReader::duplicate_of(simdjson::dom::object object) {
    constexpr std::size_t pairwise = 24;
    keys_.clear();
    for (const auto [key, item] : object) keys_.emplace_back(0, key);
    if (keys_.size() <= pairwise) {
        for (std::size_t i = 1; i < keys_.size(); ++i) {
            for (std::size_t j = 0; j < i; ++j) {
                if (keys_[i].second == keys_[j].second) return keys_[i].second;
            }
        }
        return std::nullopt;
    }
    // Sorted by hash first: keys with a long common prefix are then compared only when equal. Made
    // collisions cost the sort's n log n and no more.
    for (auto& [hash, key] : keys_) hash = XXH3_64bits(key.data(), key.size());
    std::sort(keys_.begin(), keys_.end());
    const auto twice = std::adjacent_find(keys_.begin(), keys_.end());
    if (twice == keys_.end()) return std::nullopt;
    return twice->second;
}

}  // namespace chorus
