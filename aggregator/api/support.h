// What handlers share: JSON answers, paging headers, timings.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/history/metric_reader.h"
#include "aggregator/http/parameters.h"
#include "aggregator/http/request.h"
#include "aggregator/http/response.h"
#include "common/batch.h"
#include "common/json_writer.h"

namespace chorus::api {

inline constexpr std::int64_t kMostRows = 1'000;
inline constexpr std::int64_t kMostOffset = 1'000'000;

http::Response json_response(JsonWriter& out, int status = 200);

// null for an empty text: unknown or none.
inline JsonWriter& text_or_null(JsonWriter& out, std::string_view text) {
    return text.empty() ? out.null() : out.value(text);
}

// Filters that every list of things that happened on hosts at a time has.
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

// A comma list of words of an enumeration, of which `all` holds every value.
template <typename Enum, std::size_t N>
std::vector<Enum> read_words(http::Parameters& p, std::string_view name,
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

// "warnings": an array of {code, field, message}, where field is a JSON pointer into the body.
void write_warnings(JsonWriter& out, const FieldErrors& warnings);

// How long the answer waited for what, told in the Server-Timing header.
class Timings {
  public:
    template <typename Work>
    auto db(Work&& work) {
        return measure(db_ms_, std::forward<Work>(work));
    }
    template <typename Work>
    auto redis(Work&& work) {
        return measure(redis_ms_, std::forward<Work>(work));
    }
    void add_to(http::Response& response) const;

  private:
    template <typename Work>
    auto measure(double& total, Work&& work) {
        const auto from = std::chrono::steady_clock::now();
        auto result = work();
        total += std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - from)
                     .count();
        return result;
    }
    double db_ms_ = 0;
    double redis_ms_ = 0;
};

// The place where a page ended as an opaque word, valid only for the query it came from (all
// parameters but cursor, limit, offset, skip and count). `position` is words joined by dots.
std::string make_cursor(const http::Request& request, const std::string& position);
std::string make_cursor(const http::Request& request, const store::SampleCursor& cursor);
// The `cursor` parameter; a fault of type cursor_invalid if it is forged or of another query.
std::optional<std::string> read_position(const http::Request& request,
                                         http::Parameters& parameters);
std::optional<store::SampleCursor> read_cursor(const http::Request& request,
                                               http::Parameters& parameters);

// `Link: <path?query&cursor=...>; rel="next"`.
void add_next_link(http::Response& response, const http::Request& request,
                   std::string_view parameter, const std::string& value);

// 403 agent_mismatch: the token may not speak for the agent that is named.
[[noreturn]] void agent_mismatch();

// Turns failures of the database into 503 answers that name neither host nor statement.
std::function<http::Response(const http::Request&)> guarded(
    std::function<http::Response(const http::Request&)> handler);

}  // namespace chorus::api
