#include "aggregator/alerts/aggregation.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace chorus::alerts {
namespace {

// Nearest rank: the smallest sample that is not below 95 % of them.
double p95(std::span<const Sample> samples) {
    std::vector<double> values;
    values.reserve(samples.size());
    for (const auto& sample : samples) values.push_back(sample.value);
    const auto rank =
        static_cast<std::size_t>(std::ceil(0.95 * static_cast<double>(values.size())));
    const auto nth =
        values.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
    std::nth_element(values.begin(), nth, values.end());
    return *nth;
}

double share_beyond(std::span<const Sample> samples, Operator op, double threshold) {
    const auto beyond = std::count_if(samples.begin(), samples.end(), [&](const Sample& sample) {
        return holds(sample.value, op, threshold);
    });
    return static_cast<double>(beyond) / static_cast<double>(samples.size());
}

struct Line {
    double at_now;
    double slope;  // per second
    double fit;    // R²; 1 for samples that do not vary
};

// Least squares; nullopt for fewer than three samples or no time between them.
std::optional<Line> fit_line(std::span<const Sample> samples, Timestamp now) {
    if (samples.size() < 3) return std::nullopt;
    const auto n = static_cast<double>(samples.size());
    double mean_t = 0, mean_v = 0;
    for (const auto& sample : samples) {
        mean_t += seconds_between(now, sample.at) / n;
        mean_v += sample.value / n;
    }
    double tt = 0, tv = 0, vv = 0;
    for (const auto& sample : samples) {
        const double t = seconds_between(now, sample.at) - mean_t;
        const double v = sample.value - mean_v;
        tt += t * t;
        tv += t * v;
        vv += v * v;
    }
    if (tt <= 0) return std::nullopt;
    const double slope = tv / tt;
    return Line{mean_v - slope * mean_t, slope, vv > 0 ? tv * tv / (tt * vv) : 1};
}

// nullopt: these samples are too few for that aggregation.
std::optional<double> aggregate(std::span<const Sample> samples, const Limit& limit,
                                Timestamp now) {
    const auto by_value = [](const Sample& a, const Sample& b) { return a.value < b.value; };
    switch (limit.aggregation) {
        case Aggregation::average:
        case Aggregation::sum: {
            double sum = 0;
            for (const auto& sample : samples) sum += sample.value;
            return limit.aggregation == Aggregation::sum
                       ? sum
                       : sum / static_cast<double>(samples.size());
        }
        case Aggregation::minimum:
            return std::min_element(samples.begin(), samples.end(), by_value)->value;
        case Aggregation::maximum:
            return std::max_element(samples.begin(), samples.end(), by_value)->value;
        case Aggregation::last:
            return samples.back().value;
        case Aggregation::p95:
            return p95(samples);
        case Aggregation::fraction:
            return share_beyond(samples, limit.op, limit.threshold);
        case Aggregation::rate: {
            const double seconds = seconds_between(samples.front().at, samples.back().at);
            if (seconds <= 0) return std::nullopt;
            return (samples.back().value - samples.front().value) / seconds;
        }
        case Aggregation::predict: {
            const auto line = fit_line(samples, now);
            if (!line) return std::nullopt;
            return line->at_now + line->slope * limit.predict_hours * 3600;
        }
    }
    return std::nullopt;
}

// Whether a prediction may be believed: the level is high already, and a line fits.
bool may_predict(std::span<const Sample> samples, const Limit& limit, Timestamp now) {
    if (limit.gate && !holds(samples.back().value, limit.op, *limit.gate)) return false;
    const auto line = fit_line(samples, now);
    return line && line->fit >= limit.least_fit;
}

bool still_bad(double value, const Limit& limit) {
    if (!limit.clear_threshold) return false;
    const bool rising = limit.op == Operator::greater || limit.op == Operator::greater_equal;
    return rising ? value >= *limit.clear_threshold : value <= *limit.clear_threshold;
}

// A share of nothing is not enough, whatever the rule says.
bool enough(double share, const Limit& limit) {
    return share > 0 && share >= limit.fraction;
}

bool escalates(std::span<const Sample> samples, double value, const Limit& limit) {
    if (!limit.escalation) return false;
    if (limit.aggregation == Aggregation::fraction) {
        return enough(share_beyond(samples, limit.op, limit.escalation->threshold), limit);
    }
    return holds(value, limit.op, limit.escalation->threshold);
}

// Whether the value is not far enough below the second threshold to fall back from it.
bool keeps_escalation(double value, const Limit& limit) {
    if (!limit.escalation || !limit.clear_threshold) return false;
    Limit second = limit;
    *second.clear_threshold += limit.escalation->threshold - limit.threshold;
    return still_bad(value, second);
}

std::chrono::microseconds micros(double seconds) {
    return std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::duration<double>(seconds));
}

}  // namespace

double coverage(std::span<const Sample> samples, std::chrono::minutes window, double unit_seconds,
                Timestamp now) {
    constexpr double kLate = 1.1;  // agents are a little late at times
    constexpr double kLeastPause = 30;
    if (samples.empty()) return 0;
    const auto unit = micros(kLate * unit_seconds);
    const auto pause = micros(kLate * std::max(unit_seconds, kLeastPause));
    std::chrono::microseconds covered{0};
    // What came just before the window reaches into it.
    if (const auto head = samples.front().at - (now - window); head <= unit) covered += head;
    for (std::size_t i = 1; i < samples.size(); ++i) {
        covered += std::min<std::chrono::microseconds>(samples[i].at - samples[i - 1].at, pause);
    }
    covered += std::min<std::chrono::microseconds>(now - samples.back().at, unit);
    return std::chrono::duration<double>(covered) / std::chrono::duration<double>(window);
}

Limit with_threshold(const Limit& limit, double threshold) {
    Limit own = limit;
    const double shift = threshold - limit.threshold;
    own.threshold = threshold;
    if (own.clear_threshold) *own.clear_threshold += shift;
    if (own.escalation) own.escalation->threshold += shift;
    return own;
}

Reading read(std::span<const Sample> samples, double unit_seconds, const Limit& limit,
             Severity severity, Timestamp now, std::span<const Sample> told) {
    Reading reading;
    reading.threshold = limit.threshold;
    reading.severity = severity;
    if (samples.empty()) return reading;
    if (unit_seconds > 0 && limit.min_coverage > 0 &&
        coverage(told.empty() ? samples : told, limit.window, unit_seconds, now) <
            limit.min_coverage) {
        return reading;
    }
    const auto value = aggregate(samples, limit, now);
    if (!value || !std::isfinite(*value)) return reading;
    reading.value = *value;
    bool breached = false;
    if (limit.aggregation == Aggregation::fraction) {
        breached = enough(*value, limit);
    } else {
        breached = holds(*value, limit.op, limit.threshold);
    }
    bool in_hysteresis = still_bad(*value, limit);
    if (limit.aggregation == Aggregation::predict && !may_predict(samples, limit, now)) {
        breached = in_hysteresis = false;
    }
    if (breached) {
        reading.verdict = Reading::Verdict::breached;
        if (escalates(samples, *value, limit)) {
            reading.severity = worse(severity, limit.escalation->severity);
            return reading;
        }
    } else {
        reading.verdict = in_hysteresis ? Reading::Verdict::hysteresis : Reading::Verdict::clear;
    }
    // The border of the second threshold may lie below the first one.
    if ((breached || in_hysteresis) && keeps_escalation(*value, limit)) {
        reading.keeps = worse(severity, limit.escalation->severity);
    }
    return reading;
}

}  // namespace chorus::alerts
