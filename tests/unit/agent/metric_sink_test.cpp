#include "agent/collect/support/metric_sink.h"

#include <gtest/gtest.h>

#include <set>

#include "agent/collect/omissions.h"
#include "agent/collect/support/rate.h"
#include "agent/collect/support/throttled_collector.h"
#include "agent/collect/support/watched_collector.h"
#include "common/batch/catalogue.h"
#include "common/text.h"
#include "tests/unit/agent/samples.h"

namespace chorus::agent {
namespace {

using testing::collect;
using testing::Samples;
using namespace std::chrono_literals;

// Gives the same series at each call.
class Labels final : public Collector {
  public:
    explicit Labels(std::vector<std::string> labels) : labels_(std::move(labels)) {}
    void collect(MetricSink& out) override {
        for (const auto& label : labels_) out.add("disk_busy_percent", label, "percent", 1);
    }

  private:
    std::vector<std::string> labels_;
};

std::vector<std::string> labels_of(const Samples& samples) {
    std::vector<std::string> labels;
    for (const auto& key : samples.layout) labels.push_back(key.label);
    return labels;
}

TEST(MetricSink, RatesKeepFourDigitsAndWholeUnits) {
    std::vector<SeriesKey> layout;
    std::vector<double> values;
    MetricSink sink(layout, values);
    for (const double rate :
         {6350675.2538, 1234.5, 999.96, 93.5123, 9.87654, 0.98765, 0.00012, 0.00002, -12.3456}) {
        sink.add("disk_read_bytes_per_sec", "bytes_per_sec", rate);
    }
    sink.add("disk_usage_percent", "percent", 66.66666);
    sink.add("memory_used_mb", "mb", 1234.56789);  // a state, not a rate
    EXPECT_EQ(values, (std::vector{6350675.0, 1235.0, 1000.0, 93.51, 9.877, 0.9877, 0.0001, 0.0,
                                   -12.35, 66.6667, 1234.56789}));
}

TEST(MetricSink, NumbersTheSecondSeriesOfAName) {
    Labels twice({"sda", "sda", "sdb", "sda", "sda#2"});
    EXPECT_EQ(labels_of(collect(twice)),
              (std::vector<std::string>{"sda", "sda#2", "sdb", "sda#3", "sda#2#2"}));
}

TEST(MetricSink, SameLabelsComeOutTheSameAtEachCycle) {
    Labels twice({"sda", "sda", "sdb"});
    std::vector<SeriesKey> layout;
    std::vector<double> values;
    for (int cycle = 0; cycle < 3; ++cycle) {
        MetricSink sink(layout, values);
        twice.collect(sink);
        EXPECT_EQ(sink.relabelled(), 1U);
        sink.finish();
        ASSERT_EQ(layout.size(), 3U);
        EXPECT_EQ(layout[1].label, "sda#2");
        EXPECT_EQ(layout[2].label, "sdb");
    }
}

TEST(MetricSink, FindsTwinsThatALaterCycleBrings) {
    std::vector<SeriesKey> layout;
    std::vector<double> values;
    for (const auto& labels : {std::vector<std::string>{"a", "b", "c"},
                               {"b", "a", "a"},
                               {"a", "a"},
                               {"c", "b", "b", "a", "c"}}) {
        MetricSink sink(layout, values);
        Labels(labels).collect(sink);
        sink.finish();
        std::set<std::string> seen;
        for (const auto& key : layout) {
            EXPECT_TRUE(seen.insert(key.label).second) << key.label;
        }
        EXPECT_EQ(seen.size(), labels.size());
    }
}

TEST(MetricSink, LabelsThatTheWireWouldChangeStayApart) {
    const std::string long_a = std::string(300, 'x') + 'a', long_b = std::string(300, 'x') + 'b';
    const std::string same = std::string(200, 'x') + std::string(200, 'y');
    Labels odd({"b\xFCro", "b\xE4ro", std::string("nul\0", 4), "nul", "tab\t", "\xC2\x9B", long_a,
                long_b, same, same + std::string(200, 'y')});
    const auto labels = labels_of(collect(odd));
    EXPECT_EQ(labels[0], "b\\xfcro");
    EXPECT_EQ(labels[1], "b\\xe4ro");
    EXPECT_EQ(labels[2], "nul\\x00");
    EXPECT_EQ(labels[4], "tab\\x09");
    EXPECT_EQ(labels[5], "\\xc2\\x9b");
    std::set<std::string> unique;
    for (const auto& label : labels) {
        EXPECT_TRUE(is_plain_name(label, limits::kLabelBytes)) << label;
        EXPECT_TRUE(unique.insert(label).second) << label;
    }
}

TEST(MetricSink, SlowCollectorsHandOnWhatTheyChanged) {
    ManualBootClock clock{5'000s};
    ThrottledCollector throttled(std::make_unique<Labels>(std::vector<std::string>{"a", "a"}), 60s,
                                 clock);
    WatchedCollector watched(std::make_shared<Labels>(std::vector<std::string>{"a", "a"}), 10s);
    for (Collector* collector :
         {static_cast<Collector*>(&throttled), static_cast<Collector*>(&watched)}) {
        for (int cycle = 0; cycle < 2; ++cycle) {
            std::vector<SeriesKey> layout;
            std::vector<double> values;
            MetricSink sink(layout, values);
            collector->collect(sink);
            EXPECT_EQ(sink.relabelled(), 1U);
            EXPECT_EQ(layout.at(1).label, "a#2");
        }
    }
}

TEST(MetricSink, KeepsRoomForWhatTellsOfTheHost) {
    std::vector<SeriesKey> layout;
    std::vector<double> values;
    MetricSink sink(layout, values);
    for (std::size_t i = 0; i < limits::kSeriesPerBatch; ++i) {
        sink.add("disk_busy_percent", "d" + std::to_string(i), "percent", 1);
    }
    sink.add("uptime_seconds", "seconds", 1);
    sink.add("agent_read_errors_count", "EACCES", "count", 1);
    EXPECT_EQ(sink.without_room(), MetricSink::kReserved);
    EXPECT_EQ(layout[layout.size() - 2].metric_type, "uptime_seconds");
    EXPECT_EQ(layout.back().label, "EACCES");
    for (std::size_t i = 0; i < MetricSink::kReserved; ++i) {
        sink.add("agent_read_errors_count", "E" + std::to_string(i), "count", 1);
    }
    EXPECT_EQ(values.size(), limits::kSeriesPerBatch);
}

TEST(PreviousSamples, SecondInstanceOfANameHasNoSampleOfItsOwn) {
    PreviousSamples<int> samples;
    EXPECT_FALSE(samples.exchange("eth0", 1));
    EXPECT_FALSE(samples.exchange("eth0", 2));
    samples.end_cycle();
    EXPECT_EQ(samples.exchange("eth0", 3), 1);
    EXPECT_FALSE(samples.exchange("eth0", 4));
}

// One cycle of a collector that leaves `count` disks out and has a label twice if it is `odd`.
Samples cycle_of(Omissions& omissions, std::size_t count, bool odd) {
    Samples samples;
    MetricSink sink(samples.layout, samples.values);
    Labels(odd ? std::vector<std::string>{"a", "a"} : std::vector<std::string>{"a"}).collect(sink);
    sink.left_out("disks", count);
    omissions.tell(samples.layout, samples.values, sink);
    sink.finish();
    return samples;
}

TEST(Omissions, AreToldOnceTheyWereMet) {
    Omissions omissions;
    const auto nothing = cycle_of(omissions, 0, false);
    EXPECT_FALSE(nothing.has("agent_left_out_count", "disks"));
    EXPECT_FALSE(nothing.has("agent_relabelled_series_count"));
    const auto some = cycle_of(omissions, 7, true);
    EXPECT_EQ(some.value("agent_left_out_count", "disks"), 7);
    EXPECT_EQ(some.value("agent_relabelled_series_count"), 1);
    const auto again = cycle_of(omissions, 0, false);
    EXPECT_EQ(again.value("agent_left_out_count", "disks"), 0);
    EXPECT_EQ(again.value("agent_relabelled_series_count"), 0);
    EXPECT_NE(find_metric("agent_left_out_count"), nullptr);
    EXPECT_NE(find_metric("agent_relabelled_series_count"), nullptr);
}

TEST(Omissions, SeriesWithoutRoomAreCounted) {
    Omissions omissions;
    Samples samples;
    MetricSink sink(samples.layout, samples.values);
    for (std::size_t i = 0; i < limits::kSeriesPerBatch; ++i) {
        sink.add("disk_busy_percent", "d" + std::to_string(i), "percent", 1);
    }
    omissions.tell(samples.layout, samples.values, sink);
    EXPECT_EQ(samples.value("agent_left_out_count", "series"), MetricSink::kReserved);
}

}  // namespace
}  // namespace chorus::agent
