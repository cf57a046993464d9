#include "aggregator/alerts/snapshot.h"

#include <algorithm>

#include "aggregator/service_store/service_reader.h"
#include "common/json/json_reader.h"

namespace chorus::alerts {

bool is_silent(const Host& host, Timestamp now) {
    const std::chrono::duration<double> longest{std::max(3 * host.interval_seconds, 10.0)};
    return now - host.last_seen > longest;
}

std::chrono::duration<double> forgotten_after(double interval_seconds) {
    constexpr std::chrono::duration<double> kLeast = std::chrono::minutes{30};
    return std::max(kLeast, store::known_for(interval_seconds));
}

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
