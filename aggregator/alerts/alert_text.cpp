#include "aggregator/alerts/alert_text.h"

#include <cmath>

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

std::string said(std::string_view metric, const Reading& reading, const Limit& limit,
                 const std::string& where) {
    std::string text{metric};
    text += " value " + number(reading.value) + ' ';
    if (limit.aggregation == Aggregation::fraction) {
        text += "of samples ";
    } else if (limit.aggregation == Aggregation::predict) {
        text += "in " + number(limit.predict_hours) + " h ";
    }
    return text + std::string(to_string(limit.op)) + ' ' + number(reading.threshold) + " on " +
           where;
}

void write_limit(JsonWriter& out, const Limit& limit, const Reading& reading) {
    out.field("current_value", reading.value)
        .field("threshold", reading.threshold)
        .field("operator", to_string(limit.op))
        .field("aggregation", to_string(limit.aggregation))
        .field("time_window_minutes", limit.window.count());
}

}  // namespace

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
                           Severity severity, const std::string& extra_metadata) {
    store::NewAlert alert;
    alert.alert_type = rule_type(rule.condition);
    alert.severity = severity;
    const std::string key = subject.key();
    alert.source = source_of(rule.condition, key);
    alert.rule_id = rule.id;
    alert.fingerprint = fingerprint_of(rule, key);
    alert.actor = actor_of(rule);
    JsonWriter metadata;
    metadata.begin_object().field("rule_id", rule.id.to_string());
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
        alert.description = said(what, reading, system->limit, where);
        metadata.field("metric_type", series.metric_type);
        if (system->divisor) metadata.field("divided_by", system->divisor->metric_type);
        write_limit(metadata, system->limit, reading);
        metadata.field("metric_unit", system->divisor ? "" : series.unit);
        if (!series.label.empty()) metadata.field("label", series.label);
    } else if (const auto* process = std::get_if<ProcessMetricCondition>(&rule.condition)) {
        const std::string name{subject.process_name};
        alert.title = cut_to_fit(rule.name + " - Process Alert");
        alert.description = said(name + ' ' + std::string(to_string(process->field)), reading,
                                 process->limit, subject.host->hostname);
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
            *alert.description += ", response time " + number(*service.response_time_ms) +
                                  " ms (limit " + number(reading.threshold) + " ms)";
        }
        metadata.field("service_name", service.name)
            .field("status", to_string(service.status))
            .field("response_time_ms", service.response_time_ms)
            .field("error_message", service.error_message);
    } else {
        alert.title = cut_to_fit(rule.name + " - Host Silent Alert");
        alert.description = subject.host->hostname + " has sent nothing for " +
                            number(std::round(subject.silent_seconds)) + " seconds";
        metadata.field("last_seen", subject.host->last_seen)
            .field("silent_seconds", std::round(subject.silent_seconds));
    }
    alert.metadata_json = metadata.text();
    if (!extra_metadata.empty()) alert.metadata_json += ',' + extra_metadata;
    alert.metadata_json += '}';
    return alert;
}

}  // namespace chorus::alerts
