#include "aggregator/api/support/timings.h"

#include <array>
#include <cstdio>

namespace chorus::api {

void Timings::add_to(http::Response& response) const {
    std::array<char, 80> text{};
    std::snprintf(text.data(), text.size(), "db;dur=%.2f, redis;dur=%.2f", db_ms_, redis_ms_);
    response.with("Server-Timing", text.data());
}

}  // namespace chorus::api
