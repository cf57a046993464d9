#include "reference_evaluator.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace chorus::alerts::reference {
namespace {

using std::chrono::microseconds;

const Limit& limit_of_rule(const Rule& rule) {
    return std::get<SystemMetricCondition>(rule.condition).limit;
}

bool beyond(double value, Operator op, double threshold) {
    return (op == Operator::greater && value > threshold) ||
           (op == Operator::less && value < threshold) ||
           (op == Operator::greater_equal && value >= threshold) ||
           (op == Operator::less_equal && value <= threshold) ||
           (op == Operator::equal && value == threshold) ||
           (op == Operator::not_equal && value != threshold);
}

// Whether the window, not longer than an hour here, is taken with every sample in it.
bool everything(const Limit& limit) {
    return limit.window <= std::chrono::minutes{10} || limit.aggregation == Aggregation::sum ||
           limit.aggregation == Aggregation::minimum || limit.aggregation == Aggregation::maximum;
}

// By time of receipt, without what came late. Everything, or else of each thirtieth of the window
// that is over, the first half minute or interval.
std::vector<const Message*> window_of(const History& host, const Limit& limit, Timestamp now) {
    const auto window = limit.window;
    const std::int64_t whole = microseconds{window}.count();
    const std::int64_t slot = whole / 30;
    const std::int64_t head =
        std::max<std::int64_t>(30'000'000, std::llround(host.interval_seconds * 1e6));
    const std::int64_t end = to_unix_micros(now) / slot * slot;
    const auto late = std::max(60.0, 2 * host.interval_seconds);
    std::vector<const Message*> taken;
    for (const auto& message : host.messages) {
        const auto delay = message.received - (message.made + host.skew);
        if (static_cast<double>(delay.count()) > late * 1e6) continue;
        const std::int64_t at = to_unix_micros(message.received);
        const bool inside = everything(limit)
                                ? at > to_unix_micros(now) - whole && at <= to_unix_micros(now)
                                : at >= end - whole && at < end && at % slot < head;
        if (inside) taken.push_back(&message);
    }
    return taken;
}

double samples_expected(const History& host, const Limit& limit) {
    const double seconds = static_cast<double>(limit.window.count()) * 60;
    if (everything(limit)) return seconds / host.interval_seconds;
    return 30 * std::min(seconds / 30, std::max(30.0, host.interval_seconds)) /
           host.interval_seconds;
}

struct Point {
    Timestamp at;
    double value;
};

// nullopt if there are too few.
std::optional<double> figure(const std::vector<Point>& points, const Limit& limit,
                             double threshold) {
    std::vector<double> sorted;
    double sum = 0, bad = 0;
    for (const auto& point : points) {
        sorted.push_back(point.value);
        sum += point.value;
        bad += beyond(point.value, limit.op, threshold) ? 1 : 0;
    }
    std::sort(sorted.begin(), sorted.end());
    const auto n = sorted.size();
    switch (limit.aggregation) {
        case Aggregation::average:
            return sum / static_cast<double>(n);
        case Aggregation::minimum:
            return sorted.front();
        case Aggregation::maximum:
            return sorted.back();
        case Aggregation::last:
            return points.back().value;
        case Aggregation::sum:
            return sum;
        case Aggregation::p95:
            return sorted[(95 * n + 99) / 100 - 1];
        case Aggregation::fraction:
            return bad / static_cast<double>(n);
        case Aggregation::rate: {
            const auto time = points.back().at - points.front().at;
            if (time <= microseconds{0}) return std::nullopt;
            return (points.back().value - points.front().value) /
                   (static_cast<double>(time.count()) / 1e6);
        }
        case Aggregation::predict:
            break;  // compared with known lines in the tests of figures
    }
    return std::nullopt;
}

}  // namespace

std::string Evaluator::key(const History& host, std::size_t series) const {
    return labels_[series].empty() ? host.hostname : host.hostname + "|" + labels_[series];
}

std::pair<Seen, bool> Evaluator::look(const History& host, std::size_t series,
                                      Timestamp now) const {
    const Limit& limit = limit_of_rule(rule_);
    if (host.deleted) return {Seen::good, false};
    const auto taken = window_of(host, limit, now);
    if (taken.empty()) return {Seen::nothing, false};  // a silent host
    // What the host has now; the figure of the whole host goes before those of its parts.
    const auto& has = taken.back()->values;
    bool whole = false;
    for (std::size_t i = 0; i < kSeries; ++i) whole |= has[i] && labels_[i].empty();
    if (!has[series] || (whole && !labels_[series].empty())) return {Seen::good, false};

    std::vector<Point> points;
    for (const auto* message : taken) {
        const auto& value = message->values[series];
        if (value && !std::isnan(*value)) points.push_back({message->received, *value});
    }
    const double least = limit.min_coverage * samples_expected(host, limit);
    if (points.empty() || static_cast<double>(points.size()) < least - 1e-9) {
        return {Seen::nothing, false};
    }
    const double threshold = host.own_threshold.value_or(limit.threshold);
    const auto value = figure(points, limit, threshold);
    if (!value) return {Seen::nothing, false};
    const double moved = threshold - limit.threshold;
    const auto over = [&](double border) {
        if (limit.aggregation != Aggregation::fraction) return beyond(*value, limit.op, border);
        const double share = *figure(points, limit, border);
        return share > 0 && share >= limit.fraction;
    };
    if (over(threshold)) {
        return {Seen::bad, limit.escalation && over(limit.escalation->threshold + moved)};
    }
    const bool low_is_good = limit.op == Operator::greater || limit.op == Operator::greater_equal;
    if (limit.clear_threshold) {
        const double border = *limit.clear_threshold + moved;
        if (low_is_good ? *value >= border : *value <= border) return {Seen::between, false};
    }
    return {Seen::good, false};
}

Told Evaluator::decide(Past& past) const {
    const auto& rounds = past.rounds;
    const auto& now = rounds.back();
    // Since when, without a break, the same was seen as now; back to round `first` at most.
    const auto lasts_since = [&](std::size_t first) {
        std::size_t i = rounds.size() - 1;
        while (i > first && rounds[i - 1].seen == now.seen) --i;
        return rounds[i].at;
    };
    if (past.fired) {
        if (now.seen == Seen::nothing) return {};
        if (now.seen == Seen::good) {
            auto patience = rule_.patience.keep_firing;
            if (past.flapping) patience += rule_.cooldown;
            if (!rule_.patience.auto_resolve) return {};
            if (now.at - lasts_since(*past.fired) < patience) return {};
            past.fired.reset();
            past.last_ended = now.at;
            past.run_from = rounds.size();
            return {Action::resolve, {}};
        }
        bool critical = false;
        for (auto i = *past.fired; i < rounds.size(); ++i) critical |= rounds[i].critical;
        return {Action::bump, critical ? Severity::critical : rule_.severity};
    }
    const auto long_ago = [&](const std::optional<Timestamp>& event, std::chrono::minutes time) {
        return !event || now.at - *event >= time;
    };
    if (now.seen != Seen::bad || now.at - lasts_since(past.run_from) < rule_.patience.hold ||
        !long_ago(past.last_fired, rule_.cooldown) ||
        (past.flapping && !long_ago(past.last_ended, rule_.cooldown))) {
        return {};
    }
    past.flapping = !long_ago(past.last_ended, 2 * rule_.cooldown);
    past.fired = rounds.size() - 1;
    past.last_fired = now.at;
    return {Action::fire, now.critical ? Severity::critical : rule_.severity};
}

std::map<std::string, Told> Evaluator::round(const std::vector<History>& hosts, Timestamp now) {
    std::map<std::string, Told> told;
    for (const auto& host : hosts) {
        for (std::size_t series = 0; series < kSeries; ++series) {
            const auto name = key(host, series);
            Past& past = pasts_[name];
            if (std::find(closed_.begin(), closed_.end(), name) != closed_.end()) {
                past.fired.reset();
                past.last_ended = now;
                past.run_from = past.rounds.size();
            }
            const auto [seen, critical] = look(host, series, now);
            past.rounds.push_back({now, seen, critical});
            const Told what = decide(past);
            if (what.action != Action::none) told.emplace(name, what);
        }
    }
    closed_.clear();
    return told;
}

}  // namespace chorus::alerts::reference
