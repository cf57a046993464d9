#include "tests/bench/recorded_hosts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include "agent/collect/support/metric_sink.h"

namespace chorus::bench {
namespace {

constexpr std::int64_t kIntervalSeconds = 30;
constexpr std::array<std::string_view, 7> kChanges{"load",  "share",   "rest",  "size",
                                                   "level", "counter", "uptime"};

std::vector<std::string> line_of(std::istream& in) {
    std::string line, cell;
    std::vector<std::string> cells;
    if (!std::getline(in, line)) return cells;
    for (std::istringstream rest{line + ','}; std::getline(rest, cell, ',');) cells.push_back(cell);
    return cells;
}

Change change_of(const std::string& name) {
    const auto* const found = std::find(kChanges.begin(), kChanges.end(), name);
    if (found == kChanges.end()) throw std::runtime_error("the recording has no change " + name);
    return static_cast<Change>(found - kChanges.begin());
}

}  // namespace

Recording read_recording(std::istream& in) {
    const auto metrics = line_of(in), labels = line_of(in), units = line_of(in);
    const auto steps = line_of(in), changes = line_of(in);
    const auto fits = [&](const auto& line) { return line.size() == metrics.size(); };
    if (!fits(labels) || !fits(units) || !fits(steps) || !fits(changes)) {
        throw std::runtime_error("the head of the recording is damaged");
    }
    Recording recording;
    for (std::size_t i = 0; i < metrics.size(); ++i) {
        recording.columns.push_back(
            {metrics[i], labels[i], units[i], std::stod(steps[i]), change_of(changes[i])});
    }
    for (auto line = line_of(in); !line.empty(); line = line_of(in)) {
        if (!fits(line)) throw std::runtime_error("a line of the recording is damaged");
        auto& sample = recording.samples.emplace_back();
        for (const auto& cell : line) sample.push_back(std::stod(cell));
    }
    if (recording.samples.empty()) throw std::runtime_error("the recording is empty");
    return recording;
}

RecordedHost::RecordedHost(const Recording& recording, std::uint64_t seed)
    : recording_(recording),
      random_(seed),
      phase_(static_cast<std::int64_t>(unit() * (kIntervalSeconds - 1) * 1e6)),
      sums_(recording.columns.size()) {
    const double size = between(0.5, 4), load = between(0.3, 2);
    for (const auto& column : recording.columns) {
        const bool is_size = column.change == Change::size;
        const double own = between(0.8, 1.2);
        factors_.push_back(is_size ? size : load * own);
        // Every counter begins somewhere.
        sums_[factors_.size() - 1] = between(0, 1e12);
    }
    uptime_ = between(1e5, 1e7);
}

double RecordedHost::changed(std::size_t column, double recorded) {
    const double factor = factors_[column];
    switch (recording_.columns[column].change) {
        case Change::load:
            return recorded * factor * stretch_;
        case Change::share:
            return std::min(100.0, recorded * factor * stretch_);
        case Change::rest:
            return std::max(0.0, 100 - (100 - recorded) * factor * stretch_);
        case Change::size:
            return recorded * factor;
        case Change::level:
            return std::min(100.0, recorded * factor);
        case Change::counter:
            sums_[column] += recorded * factor * stretch_ * kIntervalSeconds;
            return sums_[column];
        case Change::uptime:
            return uptime_;
    }
    return 0;
}

const std::vector<double>& RecordedHost::next() {
    if (left_ == 0 || at_ == recording_.samples.size()) {
        at_ = static_cast<std::size_t>(between(0, static_cast<double>(recording_.samples.size())));
        left_ = static_cast<std::size_t>(between(30, 300));
        stretch_ = between(0.6, 1.4);
    }
    uptime_ += static_cast<double>(kIntervalSeconds) + between(0, 0.02) - 0.01;
    const auto& sample = recording_.samples[at_];
    agent::MetricSink sink{layout_, values_};
    for (std::size_t i = 0; i < sample.size(); ++i) {
        const auto& column = recording_.columns[i];
        double value = changed(i, sample[i]);
        if (column.steps > 0) value = std::round(value * column.steps) / column.steps;
        sink.add(column.metric_type, column.label, column.unit, value);
    }
    sink.finish();
    ++at_;
    --left_;
    return values_;
}

}  // namespace chorus::bench
