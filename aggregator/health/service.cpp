#include "aggregator/health/service.h"

namespace chorus::health {

std::string_view to_string(Protocol protocol) {
    switch (protocol) {
        case Protocol::http:
            return "http";
        case Protocol::https:
            return "https";
        case Protocol::tcp:
            return "tcp";
    }
    return "http";
}

std::string_view to_string(Health health) {
    switch (health) {
        case Health::healthy:
            return "healthy";
        case Health::unhealthy:
            return "unhealthy";
        case Health::timeout:
            return "timeout";
    }
    return "unhealthy";
}

}  // namespace chorus::health
