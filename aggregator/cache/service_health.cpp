#include "aggregator/cache/service_health.h"

namespace chorus::cache {

void write_service_health_fields(JsonWriter& out, const ServiceHealth& health) {
    out.field("service_name", health.service_name)
        .field("endpoint", health.endpoint)
        .field("status", health.status)
        .field("response_time_ms", health.response_time_ms)
        .field("last_checked", health.last_checked)
        .field("error_message", health.error_message);
}

void write_service_health(JsonWriter& out, const ServiceHealth& health) {
    out.begin_object();
    write_service_health_fields(out, health);
    out.end_object();
}

std::string service_health_key(std::string_view service) {
    return "service_health:" + std::string(service);
}

}  // namespace chorus::cache
