// Values of a statement's $1, $2, ... in PostgreSQL's binary form.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/timestamp.h"
#include "common/uuid.h"

namespace chorus::store {

// Values are added in the order of their numbers, and copied. `std::nullopt` is NULL. Text must be
// UTF-8 without NUL bytes; the server refuses other text with 22021.
class Parameters {
  public:
    Parameters& int4(std::optional<std::int32_t> value);
    Parameters& int8(std::optional<std::int64_t> value);
    Parameters& float8(std::optional<double> value);
    Parameters& boolean(std::optional<bool> value);
    Parameters& text(std::optional<std::string_view> value);
    Parameters& json(std::optional<std::string_view> value);  // jsonb, from its text
    Parameters& bytea(std::optional<std::string_view> value);
    Parameters& uuid(const std::optional<Uuid>& value);
    Parameters& timestamp(std::optional<Timestamp> value);
    Parameters& date(std::optional<std::chrono::sys_days> value);
    Parameters& interval(std::optional<std::chrono::microseconds> value);

    // One-dimensional arrays. As double and float NaN stays NaN.
    Parameters& int4_array(std::span<const std::int32_t> values);
    Parameters& int8_array(std::span<const std::int64_t> values);
    Parameters& int8_array(std::span<const std::optional<std::int64_t>> values);
    Parameters& float8_array(std::span<const double> values);
    Parameters& boolean_array(const std::vector<bool>& values);
    Parameters& text_array(std::span<const std::string> values);
    Parameters& json_array(std::span<const std::string> values);  // jsonb[]
    Parameters& uuid_array(std::span<const Uuid> values);
    Parameters& timestamp_array(std::span<const Timestamp> values);
    Parameters& date_array(std::span<const std::chrono::sys_days> values);
    Parameters& int4_array(std::span<const std::optional<std::int32_t>> values);
    Parameters& float8_array(std::span<const std::optional<double>> values);
    Parameters& timestamp_array(std::span<const std::optional<Timestamp>> values);
    // NaN elements become NULL: "could not be read".
    Parameters& float8_array_nan_is_null(std::span<const double> values);

    // A value in binary form that the caller encoded, with the OID of its type (see pg_types.h).
    Parameters& raw(std::uint32_t type_oid, std::optional<std::string> bytes);

    std::size_t size() const { return oids_.size(); }

    // For Session.
    const std::vector<std::uint32_t>& oids() const { return oids_; }
    const std::vector<std::optional<std::string>>& values() const { return values_; }

  private:
    std::vector<std::uint32_t> oids_;
    std::vector<std::optional<std::string>> values_;
};

}  // namespace chorus::store
