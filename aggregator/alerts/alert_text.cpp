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

// Clients of the original service read what stands before " at".
std::string said(std::string_view metric, const Reading& reading, const Limit& limit,
                 const std::string& where, Timestamp now) {
    // A share is compared with the least share, not with the threshold.
    const bool share = limit.aggregation == Aggregation::fraction;
    const auto [value, threshold] =
        share ? std::pair{number(reading.value), number(reading.threshold)}
              : beside(reading.value, limit.op, reading.threshold);
    std::string text{metric};
    text += " value " + value + kind(limit) + ' ';
    return text + std::string(to_string(limit.op)) + ' ' + threshold + " on " + where + " at " +
           moment(now) + ", " + window(limit) + '.';
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
        return value + kind(limit) + " (" + op + ' ' + threshold + ')';
    }
    if (reading.verdict == Verdict::lingers && limit.clear_threshold) {
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

void write_limit(JsonWriter& out, const Limit& limit, const Reading& reading) {
    out.field("current_value", reading.value)
        .field("threshold", reading.threshold)
        .field("operator", to_string(limit.op))
        .field("aggregation", to_string(limit.aggregation))
        .field("time_window_minutes", limit.window.count());
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
    store::NewAlert alert;
    alert.alert_type = rule_type(rule.condition);
    alert.severity = severity;
    const std::string key = subject.key();
    alert.source = source_of(rule.condition, key);
    alert.rule_id = rule.id;
    alert.fingerprint = fingerprint_of(rule, key);
    alert.actor = actor_of(rule);
    JsonWriter metadata;
    metadata.begin_object().field("rule_id", rule.id.to_string()).field("rule_name", rule.name);
    if (subject.host != nullptr) {
        alert.hostname = subject.host->hostname;
        metadata.field("hostname", subject.host->hostname);
    }
    if (const auto* system = std::get_if<SystemMetricCondition>(&rule.condition)) {
        const Series& series = *subject.series;
        const std::string where = series.label.empty()
                                      ? subject.host->hostname
                                      : subject.host->hostname + " (" + series.label + ")";
        const std::string what = measured(*system);
        alert.title = cut_to_fit(rule.name + " - " + what + " Alert");
        alert.description = said(what, reading, system->limit, where, now);
        metadata.field("metric_type", series.metric_type);
        if (system->divisor) metadata.field("divided_by", system->divisor->metric_type);
        write_limit(metadata, system->limit, reading);
        metadata.field("metric_unit", system->divisor ? "" : series.unit);
        if (!series.label.empty()) metadata.field("label", series.label);
    } else if (const auto* process = std::get_if<ProcessMetricCondition>(&rule.condition)) {
        const std::string name{subject.process_name};
        alert.title = cut_to_fit(rule.name + " - Process Alert");
        alert.description = said(name + ' ' + std::string(to_string(process->field)), reading,
                                 process->limit, subject.host->hostname, now);
        metadata.field("process_name", name).field("metric_field", to_string(process->field));
        write_limit(metadata, process->limit, reading);
        metadata.key("process_id");
        subject.process != nullptr ? metadata.value(subject.process->pid) : metadata.null();
    } else if (subject.service != nullptr) {
        const Service& service = *subject.service;
        if (!service.hostname.empty()) {
            alert.hostname = service.hostname;
            metadata.field("hostname", service.hostname);
        }
        alert.title = cut_to_fit(rule.name + " - Service Health Alert");
        alert.description =
            "Service " + service.name + " is " + std::string(to_string(service.status));
        if (service.response_time_ms) {
            const auto [value, limit] =
                beside(*service.response_time_ms, Operator::greater, reading.threshold);
            *alert.description += ", response time " + value + " ms (limit " + limit + " ms)";
        }
        *alert.description += " at " + moment(now) + '.';
        metadata.field("service_name", service.name)
            .field("status", to_string(service.status))
            .field("response_time_ms", service.response_time_ms)
            .field("error_message", service.error_message);
    } else {
        alert.title = cut_to_fit(rule.name + " on " + subject.host->hostname);
        alert.description = subject.host->hostname + " has sent nothing for " +
                            seconds_text(subject.silent_seconds) + " at " + moment(now) + '.';
        metadata.field("last_seen", subject.host->last_seen)
            .field("silent_seconds", std::round(subject.silent_seconds));
    }
    alert.metadata_json = metadata.end_object().take();
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
    if (verdict == Reading::Verdict::no_data)
        return when + "there was too little data to judge it.";
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
