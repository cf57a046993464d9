// How long an answer waited for PostgreSQL and Redis.
#pragma once

#include <chrono>
#include <utility>

#include "aggregator/http/response.h"

namespace chorus::api {

// It goes into the Server-Timing header.
class Timings {
  public:
    template <typename Work>
    auto db(Work&& work) {
        return measure(db_ms_, std::forward<Work>(work));
    }
    template <typename Work>
    auto redis(Work&& work) {
        return measure(redis_ms_, std::forward<Work>(work));
    }
    void add_to(http::Response& response) const;

  private:
    template <typename Work>
    auto measure(double& total, Work&& work) {
        const auto from = std::chrono::steady_clock::now();
        auto result = work();
        total += std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - from)
                     .count();
        return result;
    }
    double db_ms_ = 0;
    double redis_ms_ = 0;
};

}  // namespace chorus::api
