#include "aggregator/history/sample_id.h"

namespace chorus::store {

Uuid sample_id(Timestamp time, std::int32_t host_id, SampleKind kind, std::int32_t position) {
    const auto micros = static_cast<std::uint64_t>(to_unix_micros(time));
    const auto host = static_cast<std::uint64_t>(static_cast<std::uint32_t>(host_id));
    const auto place = static_cast<std::uint64_t>(position) & 0xFFFFFFFU;
    const std::uint64_t high =
        (micros >> 4U << 16U) | 0x8000U | (micros & 0xFU) << 8U | static_cast<std::uint64_t>(kind);
    const std::uint64_t low = 0x8ULL << 60U | host << 28U | place;
    Uuid id;
    for (std::size_t i = 0; i < 8; ++i) {
        id.bytes[i] = static_cast<std::uint8_t>(high >> (56U - 8U * i));
        id.bytes[i + 8] = static_cast<std::uint8_t>(low >> (56U - 8U * i));
    }
    return id;
}

}  // namespace chorus::store
