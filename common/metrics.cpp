#include "common/metrics.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <stdexcept>

namespace chorus {
namespace {

constexpr std::array<double, 17> kBounds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                         0.01,   0.025,   0.05,   0.1,   0.25,   0.5,
                                         1,      2.5,     5,      10,    30};
constexpr std::size_t kSeriesPerName = 1'000;

enum Kind : int { kCounter, kGauge, kHistogram, kReadCounter };

void append(std::string& out, double value) {
    if (std::isnan(value)) {
        out += "NaN";
    } else if (std::isinf(value)) {
        out += value > 0 ? "+Inf" : "-Inf";
    } else {
        std::array<char, 32> buffer{};
        // "general", for 0.0001 is how everybody writes that bucket, not 1e-04.
        out.append(buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                                std::chars_format::general)
                                      .ptr);
    }
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
    for (const char c : text) {
        if (c == '\\') {
            out += "\\\\";
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '"' && quotes) {
            out += "\\\"";
        } else {
            out += c;
        }
    }
}

// {route="/x",le="0.1"}; nothing for no labels.
std::string label_text(const Labels& labels, std::string_view bound = {}) {
    if (labels.empty() && bound.empty()) return {};
    std::string out = "{";
    for (const auto& [name, value] : labels) {
        if (out.size() > 1) out += ',';
        out += name;
        out += "=\"";
        append_escaped(out, value, true);
        out += '"';
    }
    if (!bound.empty()) {
        if (out.size() > 1) out += ',';
        out += "le=\"";
        out += bound;
        out += '"';
    }
    return out + '}';
}

void append_line(std::string& out, std::string_view name, std::string_view suffix,
                 const std::string& labels, double value) {
    out += name;
    out += suffix;
    out += labels;
    out += ' ';
    append(out, value);
    out += '\n';
}

void append_histogram(std::string& out, std::string_view name, const Labels& labels,
                      const Histogram::Snapshot& h) {
    for (const auto& [bound, count] : h.cumulative) {
        std::string text;
        append(text, bound);
        append_line(out, name, "_bucket", label_text(labels, text), static_cast<double>(count));
    }
    append_line(out, name, "_sum", label_text(labels), h.sum);
    append_line(out, name, "_count", label_text(labels), static_cast<double>(h.count));
}

}  // namespace

Histogram::Histogram() : buckets_(kBounds.size() + 1) {}

void Histogram::observe(double seconds) {
    if (std::isnan(seconds)) return;  // one would make the sum NaN for ever
    const auto at = std::lower_bound(kBounds.begin(), kBounds.end(), seconds) - kBounds.begin();
    buckets_[static_cast<std::size_t>(at)].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(seconds, std::memory_order_relaxed);
}

Histogram::Snapshot Histogram::snapshot() const {
    Snapshot s;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
        s.count += buckets_[i].load(std::memory_order_relaxed);
        s.cumulative.emplace_back(i < kBounds.size() ? kBounds[i] : INFINITY, s.count);
    }
    s.sum = sum_.load(std::memory_order_relaxed);
    return s;
}

struct MetricsRegistry::Family {
    std::string name, help;
    int kind;
    std::map<Labels, Counter> counters;
    std::map<Labels, Gauge> gauges;
    std::map<Labels, Histogram> histograms;

    template <typename T>
    T& series(std::map<Labels, T>& all, const Labels& labels) {
        const auto found = all.find(labels);
        if (found != all.end()) return found->second;
        if (all.size() < kSeriesPerName) return all[labels];
        Labels folded = labels;
        for (auto& [name_, value] : folded) value = "other";
        return all[folded];
    }
};

MetricsRegistry::MetricsRegistry() = default;
MetricsRegistry::~MetricsRegistry() = default;

MetricsRegistry::Family& MetricsRegistry::family(std::string_view name, std::string_view help,
                                                 int kind) {
    for (auto& f : families_) {
        if (f->name != name) continue;
        if (f->kind != kind) throw std::logic_error("metric of two kinds: " + f->name);
        return *f;
    }
    families_.push_back(std::make_unique<Family>());
    Family& made = *families_.back();
    made.name = name;
    made.help = help;
    made.kind = kind;
    return made;
}

Counter& MetricsRegistry::counter(std::string_view name, std::string_view help,
                                  const Labels& labels) {
    const std::lock_guard lock(mutex_);
    Family& f = family(name, help, kCounter);
    return f.series(f.counters, labels);
}

Gauge& MetricsRegistry::gauge(std::string_view name, std::string_view help, const Labels& labels) {
    const std::lock_guard lock(mutex_);
    Family& f = family(name, help, kGauge);
    return f.series(f.gauges, labels);
}

Gauge& MetricsRegistry::read_counter(std::string_view name, std::string_view help,
                                     const Labels& labels) {
    const std::lock_guard lock(mutex_);
    Family& f = family(name, help, kReadCounter);
    return f.series(f.gauges, labels);
}

Histogram& MetricsRegistry::histogram(std::string_view name, std::string_view help,
                                      const Labels& labels) {
    const std::lock_guard lock(mutex_);
    Family& f = family(name, help, kHistogram);
    return f.series(f.histograms, labels);
}

void MetricsRegistry::on_collect(std::function<void()> refresh) {
    const std::lock_guard lock(mutex_);
    refreshers_.push_back(std::move(refresh));
}

std::string MetricsRegistry::expose(bool open_metrics) const {
    std::vector<std::function<void()>> refreshers;
    {
        const std::lock_guard lock(mutex_);
        refreshers = refreshers_;
    }
    for (const auto& refresh : refreshers) refresh();

    constexpr std::array<std::string_view, 4> kinds{"counter", "gauge", "histogram", "counter"};
    std::string out;
    const std::lock_guard lock(mutex_);
    for (const auto& f : families_) {
        std::string_view declared = f->name;
        // OpenMetrics declares a counter without the suffix that its samples carry.
        const bool counter = f->kind == kCounter || f->kind == kReadCounter;
        if (open_metrics && counter && declared.ends_with("_total")) declared.remove_suffix(6);
        out.append("# HELP ").append(declared).append(" ");
        append_escaped(out, f->help, open_metrics);
        out.append("\n# TYPE ").append(declared).append(" ");
        out.append(kinds[static_cast<std::size_t>(f->kind)]).append("\n");
        for (const auto& [labels, c] : f->counters) {
            append_line(out, f->name, "", label_text(labels), static_cast<double>(c.value()));
        }
        for (const auto& [labels, g] : f->gauges) {
            append_line(out, f->name, "", label_text(labels), g.value());
        }
        for (const auto& [labels, h] : f->histograms) {
            append_histogram(out, f->name, labels, h.snapshot());
        }
    }
    if (open_metrics) out += "# EOF\n";
    return out;
}

}  // namespace chorus
