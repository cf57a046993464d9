#include "aggregator/cache/overview.h"

#include <cmath>
#include <vector>

#include "common/json/json_reader.h"

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

std::optional<double> of_host(std::span<const Figure> figures, std::string_view metric_type) {
    for (const Figure& figure : figures) {
        if (figure.metric_type != metric_type || !figure.label.empty()) continue;
        return std::isnan(figure.value) ? std::nullopt : std::optional{figure.value};
    }
    return std::nullopt;
}

// Sum over the interfaces; nullopt if none is known.
std::optional<double> of_network(std::span<const Figure> figures, std::string_view metric_type) {
    std::optional<double> sum;
    for (const Figure& figure : figures) {
        if (figure.metric_type != metric_type || figure.label.empty() || figure.label == "lo" ||
            std::isnan(figure.value)) {
            continue;
        }
        sum = sum.value_or(0) + figure.value;
    }
    return sum;
}

}  // namespace

SystemOverview make_overview(const std::string& hostname, Timestamp time,
                             std::int64_t process_count, std::span<const Figure> figures) {
    SystemOverview o;
    o.hostname = hostname;
    o.cpu_usage = of_host(figures, "cpu_usage_percent");
    o.memory_usage = of_host(figures, "memory_usage_percent");
    o.disk_usage = of_host(figures, "disk_usage_percent");
    o.bytes_sent = whole(of_host(figures, "network_bytes_sent"));
    o.bytes_recv = whole(of_host(figures, "network_bytes_recv"));
    o.load_1m = of_host(figures, "load_avg_1min");
    o.receive_bytes_per_sec = of_network(figures, "network_receive_bytes_per_sec");
    o.transmit_bytes_per_sec = of_network(figures, "network_transmit_bytes_per_sec");
    o.process_count = process_count;
    o.uptime_seconds = whole(of_host(figures, "uptime_seconds"));
    o.last_updated = time;
    return o;
}

SystemOverview make_overview(const Batch& batch) {
    std::vector<Figure> figures;
    figures.reserve(batch.layout.size());
    for (std::size_t i = 0; i < batch.layout.size(); ++i) {
        const SeriesKey& key = batch.layout[i];
        figures.push_back({key.metric_type, key.label, batch.values[i]});
    }
    return make_overview(batch.hostname, batch.time, batch.processes ? batch.processes->scanned : 0,
                         figures);
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
    out.field("load_avg_1min", o.load_1m)
        .field("network_receive_bytes_per_sec", o.receive_bytes_per_sec)
        .field("network_transmit_bytes_per_sec", o.transmit_bytes_per_sec)
        .field("process_count", o.process_count)
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
        o.load_1m = number(object, "load_avg_1min");
        o.receive_bytes_per_sec = number(object, "network_receive_bytes_per_sec");
        o.transmit_bytes_per_sec = number(object, "network_transmit_bytes_per_sec");
        o.process_count = whole(number(object, "process_count")).value_or(0);
        o.uptime_seconds = whole(number(object, "uptime_seconds"));
        o.last_updated = *time;
        return o;
    } catch (const JsonError&) {
        return std::nullopt;
    }
}

}  // namespace chorus::cache
