#include "aggregator/alerts/alert_text.h"

#include <array>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "common/json_writer.h"

namespace chorus::alerts {
namespace {

// Two decimals are what people read, and of small figures three digits; whole numbers stay whole.
std::string number(double value) {
    double scale = 100;
    if (value != 0 && std::abs(value) < 1) {
        scale = std::pow(10, 2 - std::floor(std::log10(std::abs(value))));
    }
    const double rounded = std::round(value * scale) / scale;
    return JsonWriter{}.value(std::isfinite(rounded) ? rounded : value).take();
}

// "a", "a / b" or "100 * a / b".
std::string measured(const SystemMetricCondition& condition) {
    if (!condition.divisor) return condition.metric_type;
    const auto factor = condition.factor == 1 ? "" : number(condition.factor) + " * ";
    return factor + condition.metric_type + " / " + condition.divisor->metric_type;
}

// Both as people read them, unless that would turn the relation between them around: 80.001 is
// above 80, and "80 > 80" is not true.
std::pair<std::string, std::string> beside(double value, Operator op, double limit) {
    const auto read = [](const std::string& text) { return std::strtod(text.c_str(), nullptr); };
    auto short_value = number(value), short_limit = number(limit);
    if (holds(read(short_value), op, read(short_limit)) == holds(value, op, limit)) {
        return {std::move(short_value), std::move(short_limit)};
    }
    return {JsonWriter{}.value(value).take(), JsonWriter{}.value(limit).take()};
}

// What kind of figure stands behind the value.
std::string kind(const Limit& limit) {
    if (limit.aggregation == Aggregation::fraction) return " of samples";
    if (limit.aggregation == Aggregation::predict) {
        return " in " + number(limit.predict_hours) + " h";
    }
    return {};
}

// "average over 5 minutes"
std::string window(const Limit& limit) {
    constexpr std::array<std::string_view, 9> names{
        "average",         "minimum", "maximum",           "last sample", "sum",
        "95th percentile", "share",   "change per second", "trend"};
    std::string text{names.at(static_cast<std::size_t>(limit.aggregation))};
    if (limit.aggregation == Aggregation::last) return text;
    text += " over " + std::to_string(limit.window.count()) + " minute";
    return limit.window.count() == 1 ? text : text + 's';
}

// The second, more severe level of this host: "; critical if > 95".
std::string second_level(const Limit& limit, const Reading& reading) {
    if (!limit.escalation) return {};
    const double threshold = limit.escalation->threshold + reading.threshold - limit.threshold;
    return "; " + std::string(to_string(limit.escalation->severity)) + " if " +
           std::string(to_string(limit.op)) + ' ' + number(threshold);
}

// Clients of the original service read what stands before " at".
std::string fired_text(std::string_view metric, const Reading& reading, const Limit& limit,
                       const std::string& where, Timestamp now) {
    // A share is compared with the least share, not with the threshold.
    const bool share = limit.aggregation == Aggregation::fraction;
    const auto [value, threshold] =
        share ? std::pair{number(reading.value), number(reading.threshold)}
              : beside(reading.value, limit.op, reading.threshold);
    std::string text{metric};
    text += " value " + value + kind(limit) + ' ';
    return text + std::string(to_string(limit.op)) + ' ' + threshold + " on " + where + " at " +
           moment(now) + ", " + window(limit) + second_level(limit, reading) + '.';
}

std::string seconds_text(double seconds) {
    return number(std::round(seconds)) + " seconds";
}

// How the value stands, after "it was ".
std::string standing(const Limit& limit, const Reading& reading) {
    using Verdict = Reading::Verdict;
    const std::string op{to_string(limit.op)};
    if (limit.aggregation == Aggregation::fraction) {
        return number(reading.value) + " of samples " + op + ' ' + number(reading.threshold);
    }
    const auto [value, threshold] = beside(reading.value, limit.op, reading.threshold);
    if (reading.verdict == Verdict::breached) {
        return value + kind(limit) + " (" + op + ' ' + threshold + second_level(limit, reading) +
               ')';
    }
    if (reading.verdict == Verdict::hysteresis && limit.clear_threshold) {
        const bool rising = limit.op == Operator::greater || limit.op == Operator::greater_equal;
        const double border = *limit.clear_threshold + reading.threshold - limit.threshold;
        return value + kind(limit) + ", not " + op + ' ' + threshold + " any more; it ends " +
               (rising ? "below " : "above ") + number(border);
    }
    return value + kind(limit);
}

std::string standing(const Service& service) {
    std::string text{to_string(service.status)};
    if (service.response_time_ms)
        text += ", response time " + number(*service.response_time_ms) + " ms";
    return text;
}

// Title and description of an alert.
struct Texts {
    std::string title;
    std::string description;
};

Texts texts_of(const Rule& rule, const SystemMetricCondition& condition, const Subject& subject,
               const Reading& reading, Timestamp now) {
    const std::string& label = subject.series->label;
    const std::string where =
        subject.host->hostname + (label.empty() ? std::string{} : " (" + label + ")");
    const std::string what = measured(condition);
    return {rule.name + " - " + what + " Alert",
            fired_text(what, reading, condition.limit, where, now)};
}

Texts texts_of(const Rule& rule, const ProcessMetricCondition& condition, const Subject& subject,
               const Reading& reading, Timestamp now) {
    const std::string what =
        std::string{subject.process_name} + ' ' + std::string(to_string(condition.field));
    return {rule.name + " - Process Alert",
            fired_text(what, reading, condition.limit, subject.host->hostname, now)};
}

Texts texts_of(const Rule& rule, const ServiceHealthCondition&, const Subject& subject,
               const Reading& reading, Timestamp now) {
    const Service& service = *subject.service;
    std::string text = "Service " + service.name + " is " + std::string(to_string(service.status));
    if (service.response_time_ms) {
        const auto [value, limit] =
            beside(*service.response_time_ms, Operator::greater, reading.threshold);
        text += ", response time " + value + " ms (limit " + limit + " ms)";
    }
    return {rule.name + " - Service Health Alert", text + " at " + moment(now) + '.'};
}

Texts texts_of(const Rule& rule, const HostSilentCondition&, const Subject& subject, const Reading&,
               Timestamp now) {
    const std::string& hostname = subject.host->hostname;
    return {rule.name + " on " + hostname, hostname + " has sent nothing for " +
                                               seconds_text(subject.silent_seconds) + " at " +
                                               moment(now) + '.'};
}

}  // namespace

std::string moment(Timestamp time) {
    std::string text =
        format_timestamp(time).substr(0, std::string_view{"2026-01-05T12:00:00"}.size());
    text[text.find('T')] = ' ';
    return text + " UTC";
}

std::string source_of(const Condition& condition, const std::string& key) {
    if (std::holds_alternative<ServiceHealthCondition>(condition))
        return cut_to_fit("service:" + key);
    const auto bar = key.find('|');
    const std::string host = key.substr(0, bar);
    if (std::holds_alternative<SystemMetricCondition>(condition))
        return cut_to_fit("system:" + host);
    if (std::holds_alternative<ProcessMetricCondition>(condition) && bar != std::string::npos) {
        return cut_to_fit("process:" + host + ':' + key.substr(bar + 1));
    }
    return cut_to_fit("host:" + host);
}

std::string actor_of(const Rule& rule) {
    return cut_to_fit("rule:" + rule.name);
}

std::string fingerprint_of(const Rule& rule, const std::string& key) {
    return store::alert_fingerprint(rule.id.to_string(), source_of(rule.condition, key), key);
}

store::NewAlert make_alert(const Rule& rule, const Subject& subject, const Reading& reading,
                           Severity severity, Timestamp now) {
    const std::string key = subject.key();
    auto [title, description] = std::visit(
        [&](const auto& condition) { return texts_of(rule, condition, subject, reading, now); },
        rule.condition);
    store::NewAlert alert;
    alert.alert_type = rule_type(rule.condition);
    alert.severity = severity;
    alert.source = source_of(rule.condition, key);
    alert.title = cut_to_fit(title);
    alert.description = std::move(description);
    alert.rule_id = rule.id;
    alert.fingerprint = fingerprint_of(rule, key);
    alert.actor = actor_of(rule);
    if (subject.host != nullptr) {
        alert.hostname = subject.host->hostname;
    } else if (!subject.service->hostname.empty()) {
        alert.hostname = subject.service->hostname;
    }
    return alert;
}

std::string now_text(const Rule& rule, const Decision& decision, Timestamp now) {
    const auto& [verdict, value, threshold, severity, keeps] = decision.reading;
    const bool ends = decision.action == Action::resolve;
    const std::string when = " At " + moment(now) + ' ';
    if (decision.gone) {
        return when + "it was gone: nothing reports it any more" +
               (ends ? ", the alert ended." : ".");
    }
    if (verdict == Reading::Verdict::no_data) {
        return when + (std::holds_alternative<HostSilentCondition>(rule.condition)
                           ? "it had not been watched for long enough to judge it."
                           : "there was too little data to judge it.");
    }
    std::string text = when + "it was ";
    if (const Limit* limit = limit_of(rule.condition)) {
        text += standing(*limit, decision.reading);
    } else if (decision.subject.service != nullptr) {
        text += standing(*decision.subject.service);
    } else {
        text += "silent for " + seconds_text(decision.subject.silent_seconds);
    }
    if (ends) return text + ": the alert ended.";
    if (decision.clear_since) text += ", clear since " + moment(*decision.clear_since);
    return text + '.';
}

}  // namespace chorus::alerts
