#include "aggregator/api/support/series.h"

#include <algorithm>
#include <string>

#include "aggregator/api/support/json_answer.h"

namespace chorus::api {
namespace {

constexpr std::int64_t kMostPoints = 5'000;

std::string_view to_string(store::Tier tier) {
    switch (tier) {
        case store::Tier::raw:
            return "raw";
        case store::Tier::hours:
            return "hours";
        case store::Tier::days:
            break;
    }
    return "days";
}

// The share of the steps for which there is a sample of any series.
double coverage(const store::SeriesAnswer& answer) {
    std::size_t known = 0;
    for (std::size_t i = 0; i < answer.times.size(); ++i) {
        known += std::ranges::any_of(answer.series, [i](const store::SeriesColumn& column) {
            return column.average[i] == column.average[i];
        });
    }
    return static_cast<double>(known) / static_cast<double>(answer.times.size());
}

void write_values(JsonWriter& out, std::string_view name, const std::vector<double>& values) {
    out.key(name).begin_array();
    for (const double v : values) out.value(v);
    out.end_array();
}

}  // namespace

SeriesRange read_series_range(http::Parameters& p, Timestamp now, std::chrono::days longest) {
    SeriesRange range;
    const auto most_hours = std::chrono::hours{longest}.count();
    // What is too long is told of `hours` alone.
    const auto hours =
        std::clamp<std::int64_t>(p.integer("hours", 24, 1, most_hours), 1, most_hours);
    range.end = p.timestamp("end").value_or(now);
    range.start = p.timestamp("start").value_or(range.end - std::chrono::hours{hours});
    range.max_points = static_cast<int>(p.integer("max_points", 300, 1, kMostPoints));
    if (range.start > range.end) {
        p.fault({"value_error",
                 {std::string("query"), std::string("start")},
                 "Value error, start must not be after end"});
    }
    if (range.end - range.start > longest) {
        p.fault({"value_error",
                 {std::string("query"), std::string("start")},
                 "Value error, the range must not be longer than " +
                     std::to_string(longest.count()) + " days"});
    }
    return range;
}

void write_series(JsonWriter& out, const store::SeriesAnswer& answer, bool grouped) {
    out.begin_object()
        .field("step_seconds", answer.step_seconds)
        .field("tier", to_string(answer.tier))
        .field("coverage", coverage(answer))
        .key("t")
        .begin_array();
    for (const auto t : answer.times) out.value(t);
    out.end_array().key("series").begin_array();
    for (const auto& column : answer.series) {
        out.begin_object()
            .field("metric_type", column.metric_type)
            .key("tags")
            .raw(column.tags_json);
        text_or_null(out.key("unit"), column.unit);
        if (grouped) text_or_null(out.key("group"), column.group);
        write_values(out, "avg", column.average);
        write_values(out, "min", column.minimum);
        write_values(out, "max", column.maximum);
        out.end_object();
    }
    out.end_array().end_object();
}

}  // namespace chorus::api
