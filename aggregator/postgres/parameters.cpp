#include "aggregator/postgres/parameters.h"

#include <cmath>
#include <limits>

#include "aggregator/postgres/pg_types.h"

namespace chorus::store {
namespace {

template <typename T>
std::optional<std::string> encoded(const std::optional<T>& value) {
    if (!value) return std::nullopt;
    std::string bytes;
    pg::append(bytes, *value);
    return bytes;
}

// The extremes stand for -infinity and infinity.
std::int32_t pg_days(std::chrono::sys_days day) {
    return static_cast<std::int32_t>(day.time_since_epoch().count()) - pg::kEpochDays;
}
std::int64_t pg_micros(Timestamp time) {
    if (time == Timestamp::min()) return std::numeric_limits<std::int64_t>::min();
    if (time == Timestamp::max()) return std::numeric_limits<std::int64_t>::max();
    return to_unix_micros(time) - pg::kEpochMicros;
}

void append_bytes(std::string& out, const Uuid& id) {
    for (const auto byte : id.bytes) out.push_back(static_cast<char>(byte));
}

std::string json_bytes(std::string_view json) {
    std::string bytes{"\x01"};  // version of jsonb's binary form
    return bytes.append(json);
}

// array_recv's form: dimensions, has-nulls flag, element type, length, lower bound, elements.
// `append_element` appends the element's bytes and returns false if it is NULL.
template <typename Range, typename AppendElement>
std::string encode_array(const Range& values, std::uint32_t element_oid, std::size_t guess,
                         AppendElement append_element) {
    std::string out;
    if (values.empty()) {
        pg::append<std::int32_t>(out, 0);
        pg::append<std::int32_t>(out, 0);
        pg::append(out, element_oid);
        return out;
    }
    out.reserve(20 + values.size() * (4 + guess));
    pg::append<std::int32_t>(out, 1);
    pg::append<std::int32_t>(out, 0);
    pg::append(out, element_oid);
    pg::append(out, static_cast<std::int32_t>(values.size()));
    pg::append<std::int32_t>(out, 1);
    bool any_null = false;
    for (const auto& value : values) {
        const std::size_t at = out.size();
        pg::append<std::int32_t>(out, -1);
        if (!append_element(out, value)) {
            out.resize(at + 4);
            any_null = true;
            continue;
        }
        std::string length;
        pg::append(length, static_cast<std::int32_t>(out.size() - at - 4));
        out.replace(at, 4, length);
    }
    if (any_null) out[7] = 1;
    return out;
}

template <typename Range>
std::string encode_plain_array(const Range& values, std::uint32_t element_oid) {
    return encode_array(values, element_oid, 8, [](std::string& out, const auto& value) {
        pg::append(out, value);
        return true;
    });
}

template <typename Range>
std::string encode_optional_array(const Range& values, std::uint32_t element_oid) {
    return encode_array(values, element_oid, 8, [](std::string& out, const auto& value) {
        if (value) pg::append(out, *value);
        return value.has_value();
    });
}

template <typename Range>
std::string encode_text_array(const Range& values, std::uint32_t element_oid) {
    return encode_array(values, element_oid, 16, [](std::string& out, const std::string& value) {
        out.append(value);
        return true;
    });
}

}  // namespace

Parameters& Parameters::raw(std::uint32_t type_oid, std::optional<std::string> bytes) {
    oids_.push_back(type_oid);
    values_.push_back(std::move(bytes));
    return *this;
}

Parameters& Parameters::int4(std::optional<std::int32_t> value) {
    return raw(pg::kInt4, encoded(value));
}
Parameters& Parameters::int8(std::optional<std::int64_t> value) {
    return raw(pg::kInt8, encoded(value));
}
Parameters& Parameters::float8(std::optional<double> value) {
    return raw(pg::kFloat8, encoded(value));
}
Parameters& Parameters::boolean(std::optional<bool> value) {
    if (!value) return raw(pg::kBool, std::nullopt);
    return raw(pg::kBool, std::string(1, *value ? '\x01' : '\0'));
}
Parameters& Parameters::text(std::optional<std::string_view> value) {
    if (!value) return raw(pg::kText, std::nullopt);
    return raw(pg::kText, std::string{*value});
}
Parameters& Parameters::json(std::optional<std::string_view> value) {
    if (!value) return raw(pg::kJsonb, std::nullopt);
    return raw(pg::kJsonb, json_bytes(*value));
}
Parameters& Parameters::bytea(std::optional<std::string_view> value) {
    if (!value) return raw(pg::kBytea, std::nullopt);
    return raw(pg::kBytea, std::string{*value});
}
Parameters& Parameters::uuid(const std::optional<Uuid>& value) {
    if (!value) return raw(pg::kUuid, std::nullopt);
    std::string bytes;
    append_bytes(bytes, *value);
    return raw(pg::kUuid, std::move(bytes));
}
Parameters& Parameters::timestamp(std::optional<Timestamp> value) {
    if (!value) return raw(pg::kTimestamptz, std::nullopt);
    return raw(pg::kTimestamptz, encoded(std::optional{pg_micros(*value)}));
}
Parameters& Parameters::date_array(std::span<const std::chrono::sys_days> values) {
    std::vector<std::int32_t> numbers;
    for (const auto day : values) numbers.push_back(pg_days(day));
    return raw(pg::kDateArray,
               encode_plain_array(std::span<const std::int32_t>{numbers}, pg::kDate));
}
Parameters& Parameters::date(std::optional<std::chrono::sys_days> value) {
    if (!value) return raw(pg::kDate, std::nullopt);
    return raw(pg::kDate, encoded(std::optional{pg_days(*value)}));
}
Parameters& Parameters::interval(std::optional<std::chrono::microseconds> value) {
    if (!value) return raw(pg::kInterval, std::nullopt);
    std::string bytes;
    pg::append(bytes, static_cast<std::int64_t>(value->count()));
    pg::append<std::int32_t>(bytes, 0);  // days
    pg::append<std::int32_t>(bytes, 0);  // months
    return raw(pg::kInterval, std::move(bytes));
}

Parameters& Parameters::int4_array(std::span<const std::int32_t> values) {
    return raw(pg::kInt4Array, encode_plain_array(values, pg::kInt4));
}
Parameters& Parameters::int8_array(std::span<const std::int64_t> values) {
    return raw(pg::kInt8Array, encode_plain_array(values, pg::kInt8));
}
Parameters& Parameters::float8_array(std::span<const double> values) {
    return raw(pg::kFloat8Array, encode_plain_array(values, pg::kFloat8));
}
Parameters& Parameters::boolean_array(const std::vector<bool>& values) {
    return raw(pg::kBoolArray, encode_array(values, pg::kBool, 1, [](std::string& out, bool value) {
                   out.push_back(value ? '\x01' : '\0');
                   return true;
               }));
}
Parameters& Parameters::text_array(std::span<const std::string> values) {
    return raw(pg::kTextArray, encode_text_array(values, pg::kText));
}
Parameters& Parameters::json_array(std::span<const std::string> values) {
    return raw(pg::kJsonbArray,
               encode_array(values, pg::kJsonb, 16, [](std::string& out, const std::string& json) {
                   out.append(json_bytes(json));
                   return true;
               }));
}
Parameters& Parameters::uuid_array(std::span<const Uuid> values) {
    return raw(pg::kUuidArray,
               encode_array(values, pg::kUuid, 16, [](std::string& out, const Uuid& id) {
                   append_bytes(out, id);
                   return true;
               }));
}
Parameters& Parameters::timestamp_array(std::span<const Timestamp> values) {
    return raw(pg::kTimestamptzArray,
               encode_array(values, pg::kTimestamptz, 8, [](std::string& out, Timestamp time) {
                   pg::append(out, pg_micros(time));
                   return true;
               }));
}
Parameters& Parameters::int4_array(std::span<const std::optional<std::int32_t>> values) {
    return raw(pg::kInt4Array, encode_optional_array(values, pg::kInt4));
}
Parameters& Parameters::int8_array(std::span<const std::optional<std::int64_t>> values) {
    return raw(pg::kInt8Array, encode_optional_array(values, pg::kInt8));
}
Parameters& Parameters::float8_array(std::span<const std::optional<double>> values) {
    return raw(pg::kFloat8Array, encode_optional_array(values, pg::kFloat8));
}
Parameters& Parameters::timestamp_array(std::span<const std::optional<Timestamp>> values) {
    return raw(pg::kTimestamptzArray,
               encode_array(values, pg::kTimestamptz, 8,
                            [](std::string& out, const std::optional<Timestamp>& time) {
                                if (time) pg::append(out, pg_micros(*time));
                                return time.has_value();
                            }));
}
Parameters& Parameters::float8_array_nan_is_null(std::span<const double> values) {
    return raw(pg::kFloat8Array,
               encode_array(values, pg::kFloat8, 8, [](std::string& out, double value) {
                   if (std::isnan(value)) return false;
                   pg::append(out, value);
                   return true;
               }));
}

}  // namespace chorus::store
