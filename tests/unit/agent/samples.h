// Runs collectors over trees and looks up what they said.
#pragma once

#include <chrono>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "agent/collect/support/collector.h"
#include "agent/procfs/support/boot_clock.h"
#include "agent/procfs/support/read_faults.h"
#include "agent/procfs/support/reader.h"
#include "tests/unit/agent/tree.h"

namespace chorus::agent::testing {

// What one call of a collector gave.
struct Samples {
    std::vector<SeriesKey> layout;
    std::vector<double> values;

    bool has(std::string_view metric_type, std::string_view label = {}) const {
        return find(metric_type, label) != layout.size();
    }
    // kNoValue if the series is there without a value. A series that is not there is a fault of
    // the test: std::out_of_range.
    double value(std::string_view metric_type, std::string_view label = {}) const {
        return values.at(find(metric_type, label));
    }
    bool is_null(std::string_view metric_type, std::string_view label = {}) const {
        return std::isnan(value(metric_type, label));
    }

    // "metric_type{label} unit", in order.
    std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const SeriesKey& key : layout) {
            all.push_back(key.metric_type + '{' + key.label + "} " + key.unit);
        }
        return all;
    }

  private:
    std::size_t find(std::string_view metric_type, std::string_view label) const {
        std::size_t i = 0;
        while (i < layout.size() &&
               (layout[i].metric_type != metric_type || layout[i].label != label)) {
            ++i;
        }
        return i;
    }
};

inline Samples collect(Collector& collector) {
    Samples samples;
    MetricSink sink(samples.layout, samples.values);
    collector.collect(sink);
    sink.finish();
    return samples;
}

// A machine whose /proc can be exchanged between two collections.
class Machine {
  public:
    static constexpr std::chrono::seconds kInterval{10};

    Machine() : Machine("server/proc") {}
    explicit Machine(const std::string& first) : proc_tree((tree_.copy(fixture(first)), tree_)) {}

    // Moves time on and puts another recorded state in place.
    void become(const std::string& later, std::chrono::nanoseconds after = kInterval) {
        tree_.copy(fixture(later));
        clock.advance(after);
    }

  private:
    TemporaryTree tree_;

  public:
    TemporaryTree& proc_tree;
    ManualBootClock clock{std::chrono::seconds{5'000}};
    ReadFaults faults;
    Reader proc{proc_tree.path(), clock};
    Reader sys{fixture("server/sys"), clock};
};

}  // namespace chorus::agent::testing
