#include "aggregator/cache/cached_values.h"

#include "common/json/json_reader.h"
#include "common/timestamp.h"

namespace chorus::cache {
namespace {

constexpr std::size_t kMostTypes = 5'000;

}  // namespace

bool is_latest(std::string_view json) {
    thread_local JsonReader reader;
    try {
        simdjson::dom::object object;
        simdjson::dom::element value;
        std::string_view timestamp;
        return reader.parse(json).get_object().get(object) == simdjson::SUCCESS &&
               object["value"].get(value) == simdjson::SUCCESS &&
               (value.is_number() || value.is_null()) &&
               object["timestamp"].get_string().get(timestamp) == simdjson::SUCCESS &&
               parse_timestamp(timestamp).has_value();
    } catch (const JsonError&) {
        return false;
    }
}

std::vector<std::string> read_index(std::string_view json) {
    std::vector<std::string> types;
    thread_local JsonReader reader;
    try {
        simdjson::dom::array array;
        if (reader.parse(json).get_array().get(array) != simdjson::SUCCESS) return types;
        for (const simdjson::dom::element item : array) {
            std::string_view name;
            if (item.get_string().get(name) != simdjson::SUCCESS || types.size() >= kMostTypes) {
                return {};
            }
            types.emplace_back(name);
        }
    } catch (const JsonError&) {
        return {};
    }
    return types;
}

}  // namespace chorus::cache
