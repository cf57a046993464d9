// Everything by which rules are judged: hosts, samples of their series and processes, services. The
// loader fills it from the database, tests by hand.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "aggregator/alert_store/rule_processes.h"
#include "aggregator/alert_store/rule_samples.h"
#include "common/timestamp.h"

namespace chorus::alerts {

using TextPairs = std::vector<std::pair<std::string, std::string>>;
// The members of a JSON object. Values that are no strings stay as they are written.
TextPairs text_pairs_of(const std::string& json);

struct Host {
    std::int32_t id = 0;
    std::string hostname;
    TextPairs labels;
    std::map<std::string, double> thresholds;  // by rule name or metric type
    double interval_seconds = 30;
    Timestamp first_seen{};
    Timestamp last_seen{};
    std::chrono::microseconds skew{0};
    std::optional<Timestamp> deferred_at{};  // when a batch was deferred (429 cardinality_limit)
    // The skew of the clock, if the clock is too wrong to store by it. `skew` is that of stored
    // times.
    std::optional<std::chrono::microseconds> clock_skew{};
    std::string clone_hostname{};                 // another machine with its agent's identity
    std::optional<Timestamp> clone_refused_at{};  // when a batch of that one was
};

// Whether nothing was received for three of its intervals. The time of the last report is written
// only every five seconds.
bool is_silent(const Host& host, Timestamp now);

struct Series {
    std::string metric_type;
    std::string label;
    TextPairs tags;
    std::string unit;
};

// Samples of the series that rules want, by host and in order of receipt.
// Not to be copied: layouts point into `series`.
struct SampleTable {
    SampleTable() = default;
    SampleTable(const SampleTable&) = delete;
    SampleTable& operator=(const SampleTable&) = delete;
    SampleTable(SampleTable&&) = default;
    SampleTable& operator=(SampleTable&&) = default;

    struct Batch {
        Timestamp received;
        std::size_t layout;
        std::size_t offset;      // of its first value
        std::size_t stride = 1;  // to the next one
    };
    // The series at each wanted position of a layout.
    struct Layout {
        std::vector<std::size_t> series;
        // Positions of a metric's series.
        std::unordered_map<std::string_view, std::vector<std::size_t>> by_metric;
    };

    std::deque<Series> series;  // its elements stay where they are when more come
    std::vector<Layout> layouts;
    std::vector<std::vector<Batch>> by_host;  // index as in Snapshot::hosts
    std::vector<double> values;

    double value(const Batch& batch, std::size_t position) const {
        return values[batch.offset + position * batch.stride];
    }
};

struct Process {
    std::int32_t pid = 0;
    std::string name;
    std::string unit;
    std::optional<Timestamp> started_at;
    struct Sample {
        std::size_t table;  // index into HostProcesses::tables
        std::array<double, store::kProcessFigures> figures;
    };
    std::vector<Sample> samples;  // in order of receipt
};

struct HostProcesses {
    std::vector<Timestamp> tables;  // when process tables were received
    std::vector<Process> processes;
};

struct Service {
    std::string name;
    enum class Status { unknown, healthy, unhealthy, timeout } status = Status::unknown;
    std::optional<double> response_time_ms;
    std::optional<std::string> error_message;
    std::string hostname{};  // of the agent that checks it; empty = an aggregator does
    Timestamp heard_at{};    // when it was checked, by the aggregator's clock
    double interval_seconds = 60;
};
// A service that was not checked for this time is not configured any more.
std::chrono::duration<double> forgotten_after(double interval_seconds);
std::string_view to_string(Service::Status status);

// The windows for which a table of samples is.
struct TableKey {
    std::chrono::minutes length{0};  // 0: all of up to ten minutes
    bool whole = true;               // holds every sample
    // clang-tidy 14 takes what the compiler makes of it for a null pointer.
    auto operator<=>(const TableKey&) const = default;  // NOLINT(modernize-use-nullptr)
};

struct Snapshot {
    std::vector<Host> hosts;
    std::map<TableKey, std::shared_ptr<const SampleTable>> samples;
    std::map<TableKey, std::shared_ptr<const std::vector<HostProcesses>>> processes;
    std::vector<Service> services;
    // The silence of hosts is measured from this moment at the earliest.
    Timestamp watching_since{};
};

}  // namespace chorus::alerts
