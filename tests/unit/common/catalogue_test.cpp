#include "common/batch/catalogue.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

#include "common/batch/batch.h"
#include "common/batch/batch_json.h"
#include "common/batch/series_tags.h"

namespace chorus {
namespace {

TEST(Catalogue, EveryNameAndUnitMayGoOverTheWire) {
    for (const MetricInfo& metric : metric_catalogue()) {
        EXPECT_TRUE(is_metric_type(metric.metric_type)) << metric.metric_type;
        EXPECT_FALSE(metric.unit.empty()) << metric.metric_type;
        EXPECT_LE(metric.unit.size(), limits::kUnitBytes) << metric.metric_type;
    }
}

TEST(Catalogue, EveryMetricIsExplained) {
    for (const MetricInfo& metric : metric_catalogue()) {
        EXPECT_FALSE(metric.source.empty()) << metric.metric_type;
        EXPECT_FALSE(metric.formula.empty()) << metric.metric_type;
        EXPECT_TRUE(metric.meaning.ends_with('.')) << metric.metric_type;
    }
}

TEST(Catalogue, EveryMetricIsFoundByItsNameAlone) {
    std::set<std::string_view> seen;
    for (const MetricInfo& metric : metric_catalogue()) {
        EXPECT_EQ(find_metric(metric.metric_type), &metric);
        EXPECT_TRUE(seen.insert(metric.metric_type).second) << metric.metric_type;
    }
    for (const char* unknown :
         {"", "a", "zzz", "cpu_usage_percen", "cpu_usage_percent2", "CPU_COUNT"}) {
        EXPECT_EQ(find_metric(unknown), nullptr) << unknown;
    }
}

// A unit that a name ends in must be the metric's.
TEST(Catalogue, UnitsAgreeWithTheNames) {
    const std::map<std::string_view, std::string_view> units{
        {"_percent", "percent"}, {"_bytes", "bytes"},
        {"_mb", "mb"},           {"_gb", "gb"},
        {"_seconds", "seconds"}, {"_mhz", "mhz"},
        {"_ms", "ms"},           {"_bytes_per_sec", "bytes_per_sec"}};
    for (const MetricInfo& metric : metric_catalogue()) {
        for (const auto& [ending, unit] : units) {
            if (!metric.metric_type.ends_with(ending)) continue;
            EXPECT_EQ(metric.unit, unit) << metric.metric_type;
        }
    }
}

// The first service's names; its users have dashboards of them.
TEST(Catalogue, HasEveryMetricOfTheFirstService) {
    const std::map<std::string_view, std::vector<const char*>> names{
        {"percent",
         {"cpu_usage_percent", "memory_usage_percent", "swap_usage_percent", "disk_usage_percent"}},
        {"count",
         {"cpu_count", "disk_read_count", "disk_write_count", "network_packets_sent",
          "network_packets_recv"}},
        {"mhz", {"cpu_frequency_mhz"}},
        {"mb",
         {"memory_total_mb", "memory_available_mb", "memory_used_mb", "swap_total_mb",
          "swap_used_mb"}},
        {"gb", {"disk_total_gb", "disk_used_gb", "disk_free_gb"}},
        {"avg", {"load_avg_1min", "load_avg_5min", "load_avg_15min"}},
        {"bytes",
         {"disk_read_bytes", "disk_write_bytes", "network_bytes_sent", "network_bytes_recv"}},
        {"seconds", {"uptime_seconds"}},
    };
    for (const auto& [unit, of_unit] : names) {
        for (const char* name : of_unit) {
            const MetricInfo* metric = find_metric(name);
            ASSERT_NE(metric, nullptr) << name;
            EXPECT_EQ(metric->unit, unit) << name;
        }
    }
}

TEST(Catalogue, EveryAggregationHasAName) {
    EXPECT_EQ(to_string(Aggregation::sum), "sum");
    EXPECT_EQ(to_string(Aggregation::average), "avg");
    EXPECT_EQ(to_string(Aggregation::maximum), "max");
    EXPECT_EQ(to_string(Aggregation::last), "last");
}

TEST(SeriesTags, TheCatalogueNamesWhatALabelMeans) {
    EXPECT_EQ(series_tags_json({"disk_usage_percent", "/var", "percent"}),
              R"({"mountpoint":"/var"})");
    EXPECT_EQ(series_tags_json({"disk_usage_percent", "", "percent"}), "{}");
}

TEST(SeriesTags, AnUnknownMeaningIsCalledLabel) {
    EXPECT_EQ(series_tags_json({"from_a_newer_agent", "a\"b", ""}), R"({"label":"a\"b"})");
    EXPECT_EQ(series_tags_json({"cpu_usage_percent", "x", "percent"}), R"({"label":"x"})");
}

TEST(ProcessState, EveryStateIsReadBackByItsNameAndLetter) {
    for (const char letter : std::string_view{"RSDTtZXIPW"}) {
        const auto state = process_state_from_letter(letter);
        ASSERT_TRUE(state) << letter;
        EXPECT_EQ(static_cast<char>(*state), letter);
        EXPECT_EQ(process_state_from_name(to_string(*state)), state) << letter;
    }
    EXPECT_EQ(to_string(ProcessState::disk_sleep), "disk-sleep");
}

TEST(ProcessState, LettersOfOldKernelsAreKnownAndOthersAreNot) {
    EXPECT_EQ(process_state_from_letter('x'), ProcessState::dead);
    EXPECT_EQ(process_state_from_letter('K'), ProcessState::disk_sleep);
    EXPECT_EQ(process_state_from_letter('?'), std::nullopt);
    EXPECT_EQ(process_state_from_name("Running"), std::nullopt);
    EXPECT_EQ(process_state_from_name(""), std::nullopt);
}

}  // namespace
}  // namespace chorus
