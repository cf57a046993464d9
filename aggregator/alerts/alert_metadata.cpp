#include "aggregator/alerts/alert_metadata.h"

#include <cmath>

#include "aggregator/alert_store/alert_json.h"
#include "common/json_writer.h"

namespace chorus::alerts {
namespace {

LimitFacts limit_facts(const Limit& limit, const Reading& reading) {
    return {reading.value, reading.threshold, limit.op, limit.aggregation, limit.window};
}

MetricFacts metric_facts(const SystemMetricCondition& condition, const Series& series,
                         const Reading& reading) {
    MetricFacts facts;
    facts.metric_type = series.metric_type;
    if (condition.divisor) facts.divided_by = condition.divisor->metric_type;
    facts.limit = limit_facts(condition.limit, reading);
    if (!condition.divisor) facts.unit = series.unit;
    facts.label = series.label;
    return facts;
}

ProcessFacts process_facts(const ProcessMetricCondition& condition, const Subject& subject,
                           const Reading& reading) {
    ProcessFacts facts;
    facts.name = subject.process_name;
    facts.field = condition.field;
    facts.limit = limit_facts(condition.limit, reading);
    if (subject.process != nullptr) facts.pid = subject.process->pid;
    return facts;
}

void write(JsonWriter& out, const LimitFacts& limit) {
    out.field("current_value", limit.value)
        .field("threshold", limit.threshold)
        .field("operator", to_string(limit.op))
        .field("aggregation", to_string(limit.aggregation))
        .field("time_window_minutes", limit.window.count());
}

void write(JsonWriter& out, const MetricFacts& metric) {
    out.field("metric_type", metric.metric_type);
    if (metric.divided_by) out.field("divided_by", *metric.divided_by);
    write(out, metric.limit);
    out.field("metric_unit", metric.unit);
    if (!metric.label.empty()) out.field("label", metric.label);
}

void write(JsonWriter& out, const ProcessFacts& process) {
    out.field("process_name", process.name).field("metric_field", to_string(process.field));
    write(out, process.limit);
    out.field("process_id", process.pid);
}

void write(JsonWriter& out, const ServiceFacts& service) {
    out.field("service_name", service.name)
        .field("status", to_string(service.status))
        .field("response_time_ms", service.response_time_ms)
        .field("error_message", service.error);
}

void write(JsonWriter& out, const SilentHostFacts& host) {
    out.field("last_seen", host.last_seen).field("silent_seconds", host.silent_seconds);
}

void write_fired(JsonWriter& out, const AlertMetadata& metadata) {
    if (const auto* stored = std::get_if<std::string>(&metadata.fired)) {
        out.key("fired").raw(*stored);
    } else if (const auto* fired = std::get_if<FiringFacts>(&metadata.fired)) {
        out.key("fired")
            .begin_object()
            .field("at", fired->at)
            .field("value", fired->value)
            .field("threshold", fired->threshold)
            .field("text", fired->text)
            .end_object();
    }
}

}  // namespace

AlertMetadata metadata_of(const Rule& rule, const Subject& subject, const Reading& reading) {
    AlertMetadata metadata;
    metadata.rule_id = rule.id;
    metadata.rule_name = rule.name;
    if (subject.host != nullptr) metadata.hostname = subject.host->hostname;
    if (const auto* system = std::get_if<SystemMetricCondition>(&rule.condition)) {
        metadata.subject = metric_facts(*system, *subject.series, reading);
    } else if (const auto* process = std::get_if<ProcessMetricCondition>(&rule.condition)) {
        metadata.subject = process_facts(*process, subject, reading);
    } else if (subject.service != nullptr) {
        const Service& service = *subject.service;
        if (!service.hostname.empty()) metadata.hostname = service.hostname;
        metadata.subject = ServiceFacts{service.name, service.status, service.response_time_ms,
                                        service.error_message};
    } else {
        metadata.subject =
            SilentHostFacts{subject.host->last_seen, std::round(subject.silent_seconds)};
    }
    return metadata;
}

std::string metadata_json(const AlertMetadata& metadata, const store::TopProcesses* processes,
                          store::Resource ranked_by) {
    JsonWriter out;
    out.begin_object()
        .field("rule_id", metadata.rule_id.to_string())
        .field("rule_name", metadata.rule_name);
    if (metadata.hostname) out.field("hostname", *metadata.hostname);
    std::visit([&](const auto& subject) { write(out, subject); }, metadata.subject);
    write_fired(out, metadata);
    if (processes != nullptr) {
        out.key("top_processes");
        store::write_top_processes(out, *processes, ranked_by);
    } else if (metadata.top_processes_json) {
        out.key("top_processes").raw(*metadata.top_processes_json);
    }
    return out.end_object().take();
}

}  // namespace chorus::alerts
