#include "common/batch_json.h"

#include <algorithm>

#include "common/text.h"

namespace chorus {
namespace {

bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_word(char c) {
    return is_lower(c) || is_digit(c) || c == '_' || (c >= 'A' && c <= 'Z');
}

void text_or_null(JsonWriter& out, std::string_view text) {
    text.empty() ? out.null() : out.value(text);
}

void write_host(JsonWriter& out, const HostInfo& host) {
    out.key("host").begin_object();
    text_or_null(out.key("os"), host.os);
    text_or_null(out.key("kernel"), host.kernel);
    text_or_null(out.key("cpu_model"), host.cpu_model);
    out.field("cpu_count", host.cpu_count).field("memory_total_bytes", host.memory_total_bytes);
    out.field("boot_time", host.boot_time);
    out.field("clock_ticks_per_second", host.clock_ticks_per_second).end_object();
}

void write_metrics(JsonWriter& out, const Batch& batch) {
    out.key("metrics").begin_object().key("layout").begin_array();
    for (const SeriesKey& key : batch.layout) {
        out.begin_array().value(key.metric_type).value(key.label).value(key.unit).end_array();
    }
    out.end_array().key("values").begin_array();
    for (const double value : batch.values) out.value(value);
    out.end_array().end_object();
}

void write_process(JsonWriter& out, const ProcessSample& p) {
    out.begin_array().value(p.pid).value(p.start_ticks).value(p.name).value(p.ppid);
    p.state ? out.value(to_string(*p.state)) : out.null();
    text_or_null(out, p.user);
    out.value(p.num_threads).value(p.cpu_percent).value(p.memory_rss_bytes);
    out.value(p.memory_percent).value(p.disk_read_bytes).value(p.disk_write_bytes);
    out.value(p.fd_count).value(p.fd_limit).value(p.children_cpu_percent);
    out.value(p.memory_pss_bytes).value(p.memory_swap_bytes).value(p.major_faults_per_sec);
    out.value(p.nice).value(p.processor).value(p.io_wait_percent).value(p.cpu_wait_percent);
    out.value(p.voluntary_switches_per_sec).value(p.involuntary_switches_per_sec);
    text_or_null(out, p.unit);
    text_or_null(out, p.container_id);
    text_or_null(out, p.cmdline);
    out.end_array();
}

void write_processes(JsonWriter& out, const ProcessTable& table) {
    out.key("processes").begin_object().key("columns").begin_array();
    // In the order of write_process.
    for (const char* name : {"pid",
                             "start_ticks",
                             "name",
                             "ppid",
                             "state",
                             "user",
                             "num_threads",
                             "cpu_percent",
                             "memory_rss_bytes",
                             "memory_percent",
                             "disk_read_bytes",
                             "disk_write_bytes",
                             "fd_count",
                             "fd_limit",
                             "children_cpu_percent",
                             "memory_pss_bytes",
                             "memory_swap_bytes",
                             "major_faults_per_sec",
                             "nice",
                             "processor",
                             "io_wait_percent",
                             "cpu_wait_percent",
                             "voluntary_switches_per_sec",
                             "involuntary_switches_per_sec",
                             "unit",
                             "container_id",
                             "cmdline"}) {
        out.value(name);
    }
    out.end_array().key("rows").begin_array();
    for (const ProcessSample& process : table.rows) write_process(out, process);
    out.end_array().field("scanned", table.scanned);
    if (table.other) {
        out.key("other").begin_object().field("count", table.other->count);
        out.field("cpu_percent", table.other->cpu_percent);
        out.field("memory_rss_bytes", table.other->memory_rss_bytes).end_object();
    }
    out.end_object();
}

void write_events(JsonWriter& out, const std::vector<Event>& events) {
    out.key("events").begin_array();
    for (const Event& event : events) {
        out.begin_object().field("type", event.type);
        out.field("timestamp", format_timestamp_micros(event.time));
        out.key("detail").raw(event.detail_json).end_object();
    }
    out.end_array();
}

void write_services(JsonWriter& out, const std::vector<AgentServiceCheck>& services) {
    out.key("services").begin_array();
    for (const AgentServiceCheck& check : services) {
        out.begin_object().field("name", check.name).field("endpoint", check.endpoint);
        out.field("status", to_string(check.status)).field("age_ms", check.age.count());
        out.field("interval_seconds", check.interval_seconds);
        out.field("response_time_ms", check.response_time_ms);
        text_or_null(out.key("error"), check.error);
        out.end_object();
    }
    out.end_array();
}

}  // namespace

bool is_hostname(std::string_view text) {
    return !text.empty() && text.size() <= limits::kHostnameBytes && is_word(text.front()) &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return is_word(c) || c == '.' || c == '-'; });
}

bool is_metric_type(std::string_view text) {
    return !text.empty() && text.size() <= limits::kMetricTypeBytes && is_lower(text.front()) &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return is_lower(c) || is_digit(c) || c == '_'; });
}

bool is_service_name(std::string_view text) {
    return !text.empty() && text.size() <= limits::kServiceNameBytes && !find_invalid_utf8(text) &&
           std::none_of(text.begin(), text.end(), [](char c) {
               return c == '/' || c == '@' || static_cast<unsigned char>(c) < ' ' || c == '\x7F';
           });
}

void write_batch(JsonWriter& out, const Batch& batch) {
    out.begin_object().key("agent").begin_object().field("id", batch.agent.id.to_string());
    out.field("version", batch.agent.version);
    out.field("interval_seconds", batch.agent.interval_seconds).end_object();
    out.field("epoch", batch.epoch.to_string()).field("seq", batch.seq);
    out.field("hostname", batch.hostname).field("boot_id", batch.boot_id.to_string());
    out.field("timestamp", format_timestamp_micros(batch.time));
    out.field("sent_at", format_timestamp_micros(batch.sent_at));
    write_host(out, batch.host);
    write_metrics(out, batch);
    if (batch.processes) write_processes(out, *batch.processes);
    if (!batch.events.empty()) write_events(out, batch.events);
    if (!batch.services.empty()) write_services(out, batch.services);
    out.end_object();
}

}  // namespace chorus
