#include "aggregator/alerts/snapshot.h"

#include "common/json_reader.h"

namespace chorus::alerts {

TextPairs text_pairs_of(const std::string& json) {
    TextPairs pairs;
    if (json == "{}") return pairs;
    thread_local JsonReader reader;
    simdjson::dom::object object;
    if (reader.parse(json).get(object) != simdjson::SUCCESS) return pairs;
    for (const auto [key, value] : object) {
        std::string_view text;
        if (value.get(text) == simdjson::SUCCESS) {
            pairs.emplace_back(std::string(key), std::string(text));
        } else {
            pairs.emplace_back(std::string(key), simdjson::minify(value));
        }
    }
    return pairs;
}

}  // namespace chorus::alerts
