// The system account of the service.
#pragma once

namespace chorus::cli {

inline constexpr const char* kServiceUser = "chorus-aggregator";

}  // namespace chorus::cli
