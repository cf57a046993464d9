// Hosts made out of the recording of one: any number of them, over any time, the same in each run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <random>
#include <string>
#include <vector>

#include "common/batch/batch.h"

namespace chorus::bench {

// How a host's values come from those of the recording.
enum class Change {
    load,     // times the host's factor and that of the stretch
    share,    // the same, 100 at most
    rest,     // what is left of 100
    size,     // times the host's size
    level,    // a share that follows no load: times the host's factor, 100 at most
    counter,  // sum of what a load came to since the start
    uptime,   // seconds since the host started
};

struct RecordedColumn {
    std::string metric_type;
    std::string label;
    std::string unit;
    double steps = 0;  // of one unit, in which the kernel tells it; 0: what the agent rounds
    Change change = Change::load;
};

struct Recording {
    std::vector<RecordedColumn> columns;
    std::vector<std::vector<double>> samples;
};

// Reads data/recording.csv. Throws std::runtime_error if it is no such file.
Recording read_recording(std::istream& in);

// One host over time. A stretch of the recording follows another, each of random begin, length and
// load. Values are what the agent of that host would send.
class RecordedHost {
  public:
    // `recording` must outlive the object.
    RecordedHost(const Recording& recording, std::uint64_t seed);

    // Microseconds into the interval at which this host collects.
    std::int64_t phase() const { return phase_; }
    // Microseconds by which a collection is late.
    std::int64_t lateness() { return static_cast<std::int64_t>(unit() * 2'000); }
    std::int64_t delay() { return 2'000 + static_cast<std::int64_t>(unit() * 40'000); }
    std::int64_t hash() { return static_cast<std::int64_t>(random_()); }
    // The values of the next collection, in the order of the columns. Valid until the next call.
    const std::vector<double>& next();

  private:
    double unit() { return static_cast<double>(random_() >> 11U) * 0x1p-53; }
    double between(double low, double high) { return low + (high - low) * unit(); }
    double changed(std::size_t column, double recorded);

    const Recording& recording_;
    std::mt19937_64 random_;
    std::int64_t phase_;
    std::vector<double> factors_;  // of each column
    std::vector<double> sums_;
    std::vector<SeriesKey> layout_;
    std::vector<double> values_;
    std::size_t at_ = 0;
    std::size_t left_ = 0;  // of the stretch
    double stretch_ = 1;
    double uptime_ = 0;
};

}  // namespace chorus::bench
