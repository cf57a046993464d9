// Parameters that lists have in common.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/http/parameters.h"
#include "common/batch/batch.h"

namespace chorus::api {

inline constexpr std::int64_t kMostRows = 1'000;
inline constexpr std::int64_t kMostOffset = 1'000'000;

// Filters of every list of what happened on hosts.
template <typename Query>
void read_list_query(http::Parameters& p, Query& query) {
    query.hostname = p.text("hostname", limits::kHostnameBytes);
    query.start = p.timestamp("start_time");
    query.end = p.timestamp("end_time");
    if (query.start && query.end && *query.start > *query.end) {
        p.fault({"value_error",
                 {std::string("query"), std::string("start_time")},
                 "Value error, start_time must not be after end_time"});
    }
    query.limit = p.integer("limit", 100, 1, kMostRows);
    query.offset = p.integer_of({"offset", "skip"}, 0, 0, kMostOffset);
    query.ascending = p.choice("order", {"asc", "desc"}).value_or("desc") == "asc";
}

inline constexpr std::size_t kMostValues = 50;  // of one filter

// A comma list of words of an enumeration. `all` has every value.
template <typename Enum, std::size_t N>
std::vector<Enum> read_choices(http::Parameters& p, std::string_view name,
                               const std::array<Enum, N>& all) {
    std::vector<Enum> values;
    for (const auto& word : p.texts(name, 100, kMostValues)) {
        const auto found = std::find_if(all.begin(), all.end(),
                                        [&](Enum known) { return to_string(known) == word; });
        if (found != all.end()) {
            values.push_back(*found);
            continue;
        }
        std::string pattern;
        for (const auto known : all) {
            pattern += (pattern.empty() ? "^(" : "|") + std::string(to_string(known));
        }
        p.fault(http::error_pattern({std::string("query"), std::string(name)}, pattern + ")$"));
        break;  // once is enough
    }
    return values;
}

}  // namespace chorus::api
