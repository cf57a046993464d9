#include "aggregator/cache/overview.h"

#include <cmath>

#include "common/json_reader.h"

namespace chorus::cache {
namespace {

std::optional<std::int64_t> whole(std::optional<double> value) {
    if (!value || !std::isfinite(*value) || std::abs(*value) > 9e18) return std::nullopt;
    return static_cast<std::int64_t>(*value);
}

std::optional<double> number(const simdjson::dom::object& object, std::string_view key) {
    double value = 0;
    if (object[key].get_double().get(value) != simdjson::SUCCESS) return std::nullopt;
    return value;
}

}  // namespace

SystemOverview make_overview(const std::string& hostname, Timestamp time,
                             std::int64_t process_count,
                             const std::function<std::optional<double>(std::string_view)>& value) {
    SystemOverview o;
    o.hostname = hostname;
    o.cpu_usage = value("cpu_usage_percent");
    o.memory_usage = value("memory_usage_percent");
    o.disk_usage = value("disk_usage_percent");
    o.bytes_sent = whole(value("network_bytes_sent"));
    o.bytes_recv = whole(value("network_bytes_recv"));
    o.process_count = process_count;
    o.uptime_seconds = whole(value("uptime_seconds"));
    o.last_updated = time;
    return o;
}

SystemOverview make_overview(const Batch& batch) {
    const auto value = [&](std::string_view metric_type) -> std::optional<double> {
        for (std::size_t i = 0; i < batch.layout.size(); ++i) {
            const SeriesKey& key = batch.layout[i];
            if (key.metric_type == metric_type && key.label.empty()) {
                return std::isnan(batch.values[i]) ? std::nullopt
                                                   : std::optional<double>{batch.values[i]};
            }
        }
        return std::nullopt;
    };
    const std::int64_t processes = batch.processes ? batch.processes->scanned : 0;
    return make_overview(batch.hostname, batch.time, processes, value);
}

void write_overview(JsonWriter& out, const SystemOverview& o) {
    out.begin_object()
        .field("hostname", o.hostname)
        .field("cpu_usage", o.cpu_usage)
        .field("memory_usage", o.memory_usage)
        .field("disk_usage", o.disk_usage)
        .key("network_io");
    if (o.bytes_sent && o.bytes_recv) {
        out.begin_object()
            .field("bytes_sent", o.bytes_sent)
            .field("bytes_recv", o.bytes_recv)
            .end_object();
    } else {
        out.null();
    }
    out.field("process_count", o.process_count)
        .field("uptime_seconds", o.uptime_seconds)
        .field("last_updated", o.last_updated)
        .end_object();
}

std::optional<SystemOverview> parse_overview(std::string_view json) {
    thread_local JsonReader reader;
    try {
        simdjson::dom::object object;
        std::string_view hostname, updated;
        if (reader.parse(json).get_object().get(object) != simdjson::SUCCESS ||
            object["hostname"].get_string().get(hostname) != simdjson::SUCCESS ||
            object["last_updated"].get_string().get(updated) != simdjson::SUCCESS) {
            return std::nullopt;
        }
        const auto time = parse_timestamp(updated);
        if (!time) return std::nullopt;
        SystemOverview o;
        o.hostname = std::string(hostname);
        o.cpu_usage = number(object, "cpu_usage");
        o.memory_usage = number(object, "memory_usage");
        o.disk_usage = number(object, "disk_usage");
        simdjson::dom::object network;
        if (object["network_io"].get_object().get(network) == simdjson::SUCCESS) {
            o.bytes_sent = whole(number(network, "bytes_sent"));
            o.bytes_recv = whole(number(network, "bytes_recv"));
        }
        o.process_count = whole(number(object, "process_count")).value_or(0);
        o.uptime_seconds = whole(number(object, "uptime_seconds"));
        o.last_updated = *time;
        return o;
    } catch (const JsonError&) {
        return std::nullopt;
    }
}

}  // namespace chorus::cache
