#include "common/batch/batch_json.h"

#include <algorithm>
#include <optional>

#include "common/batch/process_columns.h"
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

// The text as it may be sent: within `most` bytes also where the writer puts U+FFFD (three bytes)
// for each malformed one, and without U+0000. `buffer` holds it if it is another one.
std::string_view fitting(std::string_view text, std::size_t most, std::string& buffer) {
    constexpr std::size_t replacement_bytes = 3;
    if (text.size() <= most / replacement_bytes && text.find('\0') == std::string_view::npos) {
        return text;
    }
    buffer = repair_utf8(text);
    std::erase(buffer, '\0');
    return utf8_prefix(buffer, most);
}

void write_text(JsonWriter& out, std::string_view text, std::size_t most) {
    std::string buffer;
    out.value(fitting(text, most, buffer));
}

void text_or_null(JsonWriter& out, std::string_view text, std::size_t most) {
    text.empty() ? static_cast<void>(out.null()) : write_text(out, text, most);
}

// A figure that no process can have is unknown.
template <typename Number, typename Range>
void write_within(JsonWriter& out, const std::optional<Number>& value, const Range& range) {
    const bool known = value && *value >= range.least && *value <= range.greatest;
    known ? out.value(*value) : out.null();
}

void write_host(JsonWriter& out, const HostInfo& host) {
    out.key("host").begin_object();
    text_or_null(out.key("os"), host.os, limits::kLabelBytes);
    text_or_null(out.key("kernel"), host.kernel, limits::kLabelBytes);
    text_or_null(out.key("cpu_model"), host.cpu_model, limits::kLabelBytes);
    out.field("cpu_count", host.cpu_count).field("memory_total_bytes", host.memory_total_bytes);
    // By a clock that began at 1970 and was not set, hosts booted before that.
    const bool booted = host.boot_time && *host.boot_time >= Timestamp{};
    out.field("boot_time", booted ? host.boot_time : std::nullopt);
    out.field("clock_ticks_per_second", host.clock_ticks_per_second).end_object();
}

void write_metrics(JsonWriter& out, const Batch& batch) {
    out.key("metrics").begin_object().key("layout").begin_array();
    for (const SeriesKey& key : batch.layout) {
        out.begin_array().value(key.metric_type);
        write_text(out, key.label, limits::kLabelBytes);
        write_text(out, key.unit, limits::kUnitBytes);
        out.end_array();
    }
    out.end_array().key("values").begin_array();
    for (const double value : batch.values) out.value(value);
    out.end_array().end_object();
}

template <std::size_t I>
void write_cell(JsonWriter& out, const ProcessSample& process) {
    constexpr auto column = process_column<I>();
    const auto& value = process.*column.member;
    if constexpr (column.type == ColumnType::text) {
        constexpr std::size_t most = column.bounds.most_bytes;
        column.needed ? write_text(out, value, most) : text_or_null(out, value, most);
    } else if constexpr (column.type == ColumnType::state) {
        value ? out.value(to_string(*value)) : out.null();
    } else if constexpr (column.needed) {
        out.value(value);
    } else {
        write_within(out, value, column.bounds);
    }
}

void write_processes(JsonWriter& out, const ProcessTable& table) {
    out.key("processes").begin_object().key("columns").begin_array();
    for_each_process_column([&]<std::size_t I>() { out.value(process_column<I>().name); });
    out.end_array().key("rows").begin_array();
    for (const ProcessSample& process : table.rows) {
        out.begin_array();
        for_each_process_column([&]<std::size_t I>() { write_cell<I>(out, process); });
        out.end_array();
    }
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
        text_or_null(out.key("error"), check.error, limits::kServiceErrorBytes);
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
