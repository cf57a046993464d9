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

struct Point {
    Timestamp at;
    double value;
};

// How much of the window there is something known of: a sample stands for the time that follows it,
// up to the next one, but not for longer than one that comes by the clock, a tenth more of patience
// included. The first stands for what comes before it, too, if no other could have come there.
double known_share(const History& host, const Limit& limit, const std::vector<Point>& points,
                   Timestamp now) {
    const double length = static_cast<double>(limit.window.count()) * 60;
    double step = host.interval_seconds;
    double end = static_cast<double>(to_unix_micros(now)) / 1e6;
    if (!everything(limit)) {
        const std::int64_t slot = microseconds{limit.window}.count() / 30;
        const double taken = std::max(30.0, host.interval_seconds);
        const double apart = static_cast<double>(slot) / 1e6;
        if (apart > taken) step = apart + taken;
        end = static_cast<double>(to_unix_micros(now) / slot * slot) / 1e6;
    }
    std::vector<double> times;
    for (const auto& point : points) {
        times.push_back(static_cast<double>(to_unix_micros(point.at)) / 1e6);
    }
    const double begin = end - length;
    double known = times.front() - begin > 1.1 * step ? 0 : times.front() - begin;
    for (std::size_t i = 0; i < times.size(); ++i) {
        const bool last = i + 1 == times.size();
        const double most = 1.1 * (last ? step : std::max(step, 30.0));
        known += std::min(most, (last ? end : times[i + 1]) - times[i]);
    }
    return known / length;
}

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

std::pair<Seen, Level> Evaluator::look(const History& host, std::size_t series,
                                       Timestamp now) const {
    const Limit& limit = limit_of_rule(rule_);
    if (host.deleted) return {Seen::good, Level::below};
    const auto taken = window_of(host, limit, now);
    if (taken.empty()) return {Seen::nothing, Level::below};  // a silent host
    // What the host has now; the figure of the whole host goes before those of its parts.
    const auto& has = taken.back()->values;
    bool whole = false;
    for (std::size_t i = 0; i < kSeries; ++i) whole |= has[i] && labels_[i].empty();
    if (!has[series] || (whole && !labels_[series].empty())) return {Seen::good, Level::below};

    // A message that has the series without a value covers its time, too.
    std::vector<Point> points, told;
    for (const auto* message : taken) {
        const auto& value = message->values[series];
        if (value) told.push_back({message->received, 0});
        if (value && !std::isnan(*value)) points.push_back({message->received, *value});
    }
    if (points.empty() || known_share(host, limit, told, now) < limit.min_coverage - 1e-7) {
        return {Seen::nothing, Level::below};
    }
    const double threshold = host.own_threshold.value_or(limit.threshold);
    const auto value = figure(points, limit, threshold);
    if (!value) return {Seen::nothing, Level::below};
    const double moved = threshold - limit.threshold;
    const auto over = [&](double border) {
        if (limit.aggregation != Aggregation::fraction) return beyond(*value, limit.op, border);
        const double share = *figure(points, limit, border);
        return share > 0 && share >= limit.fraction;
    };
    const bool low_is_good = limit.op == Operator::greater || limit.op == Operator::greater_equal;
    const auto near_second = [&] {
        if (!limit.escalation || !limit.clear_threshold) return Level::below;
        const double border =
            limit.escalation->threshold + moved + *limit.clear_threshold - limit.threshold;
        return (low_is_good ? *value >= border : *value <= border) ? Level::near : Level::below;
    };
    if (over(threshold)) {
        if (limit.escalation && over(limit.escalation->threshold + moved)) {
            return {Seen::bad, Level::beyond};
        }
        return {Seen::bad, near_second()};
    }
    if (limit.clear_threshold) {
        const double border = *limit.clear_threshold + moved;
        if (low_is_good ? *value >= border : *value <= border)
            return {Seen::between, near_second()};
    }
    return {Seen::good, Level::below};
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
            auto longest = rule_.durations.keep_firing_for;
            if (past.flapping) longest += rule_.cooldown;
            if (!rule_.durations.auto_resolve) return {};
            if (now.at - lasts_since(*past.fired) < longest) return {};
            past.fired.reset();
            past.last_ended = now.at;
            past.run_from = rounds.size();
            return {Action::resolve, {}};
        }
        bool critical = false;
        for (auto i = *past.fired; i < rounds.size(); ++i) {
            if (rounds[i].seen == Seen::nothing) continue;
            critical =
                rounds[i].level == Level::beyond || (critical && rounds[i].level == Level::near);
        }
        return {Action::bump, critical ? Severity::critical : rule_.severity};
    }
    const auto long_ago = [&](const std::optional<Timestamp>& event, std::chrono::minutes time) {
        return !event || now.at - *event >= time;
    };
    if (now.seen != Seen::bad || now.at - lasts_since(past.run_from) < rule_.durations.hold ||
        !long_ago(past.last_fired, rule_.cooldown) ||
        (past.flapping && !long_ago(past.last_ended, rule_.cooldown))) {
        return {};
    }
    past.flapping = !long_ago(past.last_ended, 2 * rule_.cooldown);
    past.fired = rounds.size() - 1;
    past.last_fired = now.at;
    return {Action::fire, now.level == Level::beyond ? Severity::critical : rule_.severity};
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
            const auto [seen, level] = look(host, series, now);
            past.rounds.push_back({now, seen, level});
            const Told what = decide(past);
            if (what.action != Action::none) told.emplace(name, what);
        }
    }
    closed_.clear();
    return told;
}

}  // namespace chorus::alerts::reference
