// OIDs of the built-in types that are used here, and the byte order of the wire. OIDs are from
// PostgreSQL's pg_type.dat and never change.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace chorus::store::pg {

inline constexpr std::uint32_t kBool = 16;
inline constexpr std::uint32_t kBytea = 17;
inline constexpr std::uint32_t kChar = 18;
inline constexpr std::uint32_t kName = 19;
inline constexpr std::uint32_t kInt8 = 20;
inline constexpr std::uint32_t kInt2 = 21;
inline constexpr std::uint32_t kInt4 = 23;
inline constexpr std::uint32_t kText = 25;
inline constexpr std::uint32_t kJson = 114;
inline constexpr std::uint32_t kFloat4 = 700;
inline constexpr std::uint32_t kFloat8 = 701;
inline constexpr std::uint32_t kBpchar = 1042;
inline constexpr std::uint32_t kVarchar = 1043;
inline constexpr std::uint32_t kDate = 1082;
inline constexpr std::uint32_t kTimestamptz = 1184;
inline constexpr std::uint32_t kInterval = 1186;
inline constexpr std::uint32_t kVarbit = 1562;
inline constexpr std::uint32_t kUuid = 2950;
inline constexpr std::uint32_t kJsonb = 3802;

inline constexpr std::uint32_t kBoolArray = 1000;
inline constexpr std::uint32_t kInt4Array = 1007;
inline constexpr std::uint32_t kTextArray = 1009;
inline constexpr std::uint32_t kInt8Array = 1016;
inline constexpr std::uint32_t kFloat8Array = 1022;
inline constexpr std::uint32_t kTimestamptzArray = 1185;
inline constexpr std::uint32_t kDateArray = 1182;
inline constexpr std::uint32_t kUuidArray = 2951;
inline constexpr std::uint32_t kJsonbArray = 3807;

// PostgreSQL counts from 2000-01-01.
inline constexpr std::int64_t kEpochMicros = 946'684'800'000'000;
inline constexpr std::int32_t kEpochDays = 10'957;

// Big-endian, as the wire has it.
template <typename T>
void append(std::string& out, T value) {
    char bytes[sizeof(T)];
    if constexpr (sizeof(T) == 8) {
        const auto swapped = __builtin_bswap64(std::bit_cast<std::uint64_t>(value));
        std::memcpy(bytes, &swapped, sizeof(T));
    } else if constexpr (sizeof(T) == 4) {
        const auto swapped = __builtin_bswap32(std::bit_cast<std::uint32_t>(value));
        std::memcpy(bytes, &swapped, sizeof(T));
    } else {
        static_assert(sizeof(T) == 2);
        const auto swapped = __builtin_bswap16(std::bit_cast<std::uint16_t>(value));
        std::memcpy(bytes, &swapped, sizeof(T));
    }
    out.append(bytes, sizeof(T));
}

// The caller has checked that sizeof(T) bytes are there.
template <typename T>
T load(const char* bytes) {
    if constexpr (sizeof(T) == 8) {
        std::uint64_t raw = 0;
        std::memcpy(&raw, bytes, sizeof(T));
        return std::bit_cast<T>(__builtin_bswap64(raw));
    } else if constexpr (sizeof(T) == 4) {
        std::uint32_t raw = 0;
        std::memcpy(&raw, bytes, sizeof(T));
        return std::bit_cast<T>(__builtin_bswap32(raw));
    } else {
        static_assert(sizeof(T) == 2);
        std::uint16_t raw = 0;
        std::memcpy(&raw, bytes, sizeof(T));
        return std::bit_cast<T>(__builtin_bswap16(raw));
    }
}

}  // namespace chorus::store::pg
