// The few figures that stand for a host's state: `health:{hostname}` in Redis, SystemOverview in
// the API.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/batch/batch.h"
#include "common/json_writer.h"

namespace chorus::cache {

struct SystemOverview {
    std::string hostname;
    std::optional<double> cpu_usage;     // percent
    std::optional<double> memory_usage;  // percent
    std::optional<double> disk_usage;    // percent of /
    std::optional<std::int64_t> bytes_sent;
    std::optional<std::int64_t> bytes_recv;
    std::optional<double> load_1m;
    std::optional<double> receive_bytes_per_sec;   // all interfaces but loopback
    std::optional<double> transmit_bytes_per_sec;  // the same
    std::int64_t process_count = 0;
    std::optional<std::int64_t> uptime_seconds;
    Timestamp last_updated;
};

// One value of a host's newest batch; NaN = could not be read.
struct Figure {
    std::string_view metric_type;
    std::string_view label;  // "" = of the whole host
    double value = 0;
};

SystemOverview make_overview(const std::string& hostname, Timestamp time,
                             std::int64_t process_count, std::span<const Figure> figures);
SystemOverview make_overview(const Batch& batch);

// As the dashboard's overview has it in openapi.json; both network counters or null.
void write_overview(JsonWriter& out, const SystemOverview& overview);

// Reads what write_overview wrote. nullopt if somebody else has written something else there.
std::optional<SystemOverview> parse_overview(std::string_view json);

}  // namespace chorus::cache
