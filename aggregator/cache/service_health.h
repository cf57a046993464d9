// The health of one service as the API and Redis show it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/json_writer.h"
#include "common/timestamp.h"

namespace chorus::cache {

struct ServiceHealth {
    std::string service_name;
    std::string endpoint;  // without credentials
    std::string status;    // healthy, unhealthy, timeout; unknown before the first check
    std::optional<std::int32_t> response_time_ms{};
    std::optional<Timestamp> last_checked{};
    std::optional<std::string> error_message{};
};

// The fields of ServiceHealthCheck, between begin_object() and end_object().
void write_service_health_fields(JsonWriter& out, const ServiceHealth& health);
void write_service_health(JsonWriter& out, const ServiceHealth& health);

// `service_health:{service}`
std::string service_health_key(std::string_view service);

}  // namespace chorus::cache
