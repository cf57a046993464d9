// What every metric means: the one place where its name, unit, source and formula are told.
#pragma once

#include <span>
#include <string_view>

namespace chorus {

// How values of a metric may be combined over hosts or time.
enum class Aggregation { sum, average, maximum, last };
std::string_view to_string(Aggregation aggregation);

struct MetricInfo {
    std::string_view metric_type;  // "cpu_usage_percent"
    std::string_view unit;         // as sent: "percent", "bytes", "mb", ...
    std::string_view label_name;   // what the label names, the key of `tags`: "mountpoint",
                                   // "device", "interface"; empty = whole host only
    std::string_view source;       // kernel file or call
    std::string_view formula;
    std::string_view meaning;  // one sentence for people
    Aggregation aggregation;
};

// Sorted by metric_type.
std::span<const MetricInfo> metric_catalogue();
// nullptr if the name is not in the catalogue.
const MetricInfo* find_metric(std::string_view metric_type);

}  // namespace chorus
