// The programs' own metrics, in Prometheus text form.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chorus {

using Labels = std::vector<std::pair<std::string, std::string>>;

class Counter {
  public:
    void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
    std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> value_{0};
};

class Gauge {
  public:
    void set(double v) { value_.store(v, std::memory_order_relaxed); }
    void add(double change) { value_.fetch_add(change, std::memory_order_relaxed); }
    double value() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<double> value_{0};
};

// Durations in seconds, fixed buckets from 0.1 ms to 30 s.
class Histogram {
  public:
    Histogram();
    void observe(double seconds);
    struct Snapshot {
        std::vector<std::pair<double, std::uint64_t>> cumulative;  // upper bound, count up to it
        std::uint64_t count = 0;
        double sum = 0;
    };
    Snapshot snapshot() const;

  private:
    std::vector<std::atomic<std::uint64_t>> buckets_;
    std::atomic<double> sum_{0};
};

// Holds every metric of the process. A name is of one kind (std::logic_error). Names follow
// Prometheus' rules; a label's values must come from a small fixed set (routes, codes, tasks),
// never from outside: at most 1,000 series per name, more are folded into one series with the label
// values "other". Returned references live as long as the registry. Thread-safe.
class MetricsRegistry {
  public:
    Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
    Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = {});
    // A counter that somebody else counts (the kernel, a library) and on_collect reads.
    Gauge& read_counter(std::string_view name, std::string_view help, const Labels& labels = {});
    Histogram& histogram(std::string_view name, std::string_view help, const Labels& labels = {});
    // Called at each exposition, e.g. to set gauges that are read and not kept.
    void on_collect(std::function<void()> refresh);

    // text/plain; version=0.0.4, or OpenMetrics 1.0 with its "# EOF".
    std::string expose(bool open_metrics = false) const;

  private:
    struct Family;
    Family& family(std::string_view name, std::string_view help, int kind);

    mutable std::mutex mutex_;  // protects families_ and refreshers_
    std::vector<std::unique_ptr<Family>> families_;
    std::vector<std::function<void()>> refreshers_;

  public:
    MetricsRegistry();
    ~MetricsRegistry();
};

// process_cpu_seconds_total, process_resident_memory_bytes, process_open_fds, process_max_fds,
// process_start_time_seconds and chorus_<program>_build_info.
void register_process_metrics(MetricsRegistry& registry, std::string_view program);

}  // namespace chorus
