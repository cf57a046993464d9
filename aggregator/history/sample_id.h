// Ids of samples, which have no row of their own.
#pragma once

#include <cstdint>

#include "common/timestamp.h"
#include "common/uuid.h"

namespace chorus::store {

enum class SampleKind : std::uint8_t { system = 0, process = 1 };

// The same packing as monitoring.sample_id: a version-8 UUID of 52 bits of microseconds since 1970,
// kind, host and position (28 bits, from 1).
Uuid sample_id(Timestamp time, std::int32_t host_id, SampleKind kind, std::int32_t position);

}  // namespace chorus::store
