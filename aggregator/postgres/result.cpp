#include "aggregator/postgres/result.h"

#include <libpq-fe.h>

#include <charconv>
#include <limits>
#include <stdexcept>

#include "aggregator/postgres/pg_types.h"

namespace chorus::store {
namespace {

[[noreturn]] void wrong_type(int column, std::uint32_t oid) {
    throw std::logic_error("column " + std::to_string(column) + " has type " + std::to_string(oid) +
                           ", which this getter does not read");
}

double decode_float(std::uint32_t oid, const char* bytes, int column) {
    switch (oid) {
        case pg::kFloat8:
            return pg::load<double>(bytes);
        case pg::kFloat4:
            return decimal_of(pg::load<float>(bytes));
        case pg::kInt8:
            return static_cast<double>(pg::load<std::int64_t>(bytes));
        case pg::kInt4:
            return pg::load<std::int32_t>(bytes);
        default:
            wrong_type(column, oid);
    }
}

std::int64_t decode_integer(std::uint32_t oid, const char* bytes, int column) {
    switch (oid) {
        case pg::kInt8:
            return pg::load<std::int64_t>(bytes);
        case pg::kInt4:
            return pg::load<std::int32_t>(bytes);
        case pg::kInt2:
            return pg::load<std::int16_t>(bytes);
        default:
            wrong_type(column, oid);
    }
}

Timestamp decode_timestamp(const char* bytes) {
    const auto micros = pg::load<std::int64_t>(bytes);
    // The extremes stand for -infinity and infinity; moving them to 1970 would overflow.
    if (micros == std::numeric_limits<std::int64_t>::min()) return Timestamp::min();
    if (micros > std::numeric_limits<std::int64_t>::max() - pg::kEpochMicros)
        return Timestamp::max();
    return from_unix_micros(micros + pg::kEpochMicros);
}

Uuid decode_uuid(std::string_view bytes) {
    Uuid id;
    if (bytes.size() != id.bytes.size()) throw std::logic_error("a uuid of another length");
    std::memcpy(id.bytes.data(), bytes.data(), bytes.size());
    return id;
}

// Calls `visit(element_oid, bytes or nullptr, length)` for each element of a one-dimensional array.
template <typename Visit>
void visit_array(std::string_view raw, Visit visit) {
    const auto need = [&](std::size_t bytes) {
        if (raw.size() < bytes) throw std::logic_error("a cut array");
    };
    need(12);
    const auto dimensions = pg::load<std::int32_t>(raw.data());
    const auto element_oid = pg::load<std::uint32_t>(raw.data() + 8);
    if (dimensions == 0) return;
    if (dimensions != 1) throw std::logic_error("an array of several dimensions");
    need(20);
    const auto length = pg::load<std::int32_t>(raw.data() + 12);
    raw.remove_prefix(20);
    for (std::int32_t i = 0; i < length; ++i) {
        need(4);
        const auto size = pg::load<std::int32_t>(raw.data());
        raw.remove_prefix(4);
        if (size < 0) {
            visit(element_oid, static_cast<const char*>(nullptr), std::size_t{0});
            continue;
        }
        need(static_cast<std::size_t>(size));
        visit(element_oid, raw.data(), static_cast<std::size_t>(size));
        raw.remove_prefix(static_cast<std::size_t>(size));
    }
}

// Number of elements, from the array's head; 0 if it has none.
std::size_t array_length(std::string_view raw) {
    return raw.size() < 16 ? 0 : static_cast<std::size_t>(pg::load<std::int32_t>(raw.data() + 12));
}

std::string_view without_jsonb_version(std::uint32_t oid, std::string_view bytes) {
    if (oid == pg::kJsonb && !bytes.empty()) bytes.remove_prefix(1);
    return bytes;
}

}  // namespace

double decimal_of(float value) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    double wide = 0;
    if (std::from_chars(digits, end, wide).ec != std::errc{}) return value;
    return wide;
}

Result::Result() = default;
Result::Result(pg_result* result) : result_(result) {}
Result::Result(Result&&) noexcept = default;
Result& Result::operator=(Result&&) noexcept = default;
Result::~Result() = default;

void Result::Clear::operator()(pg_result* result) const {
    PQclear(result);
}

int Result::size() const {
    return result_ ? PQntuples(result_.get()) : 0;
}

int Result::column(const char* name) const {
    const int column = PQfnumber(result_.get(), name);  // -1 also without a result
    if (column < 0) throw std::logic_error(std::string("no column ") + name + " was selected");
    return column;
}

std::int64_t Result::affected() const {
    if (!result_) return 0;
    const std::string_view text = PQcmdTuples(result_.get());
    std::int64_t count = 0;
    std::from_chars(text.data(), text.data() + text.size(), count);
    return count;
}

bool Row::is_null(int column) const {
    return PQgetisnull(result_->native(), row_, column) != 0;
}

std::string_view Row::raw(int column) const {
    if (is_null(column)) {
        throw std::logic_error("column " + std::to_string(column) +
                               " is NULL and was not expected to be");
    }
    return {PQgetvalue(result_->native(), row_, column),
            static_cast<std::size_t>(PQgetlength(result_->native(), row_, column))};
}

std::uint32_t Row::type_oid(int column) const {
    return PQftype(result_->native(), column);
}

std::int32_t Row::int4(int column) const {
    const auto oid = type_oid(column);
    if (oid == pg::kInt8) wrong_type(column, oid);
    return static_cast<std::int32_t>(decode_integer(oid, raw(column).data(), column));
}
std::int64_t Row::int8(int column) const {
    return decode_integer(type_oid(column), raw(column).data(), column);
}
double Row::float8(int column) const {
    return decode_float(type_oid(column), raw(column).data(), column);
}
bool Row::boolean(int column) const {
    if (type_oid(column) != pg::kBool) wrong_type(column, type_oid(column));
    return raw(column).front() != 0;
}
std::string_view Row::text(int column) const {
    switch (const auto oid = type_oid(column)) {
        case pg::kText:
        case pg::kVarchar:
        case pg::kBpchar:
        case pg::kName:
        case pg::kChar:
        case pg::kJson:
        case pg::kJsonb:
            return without_jsonb_version(oid, raw(column));
        default:
            wrong_type(column, oid);
    }
}
std::string_view Row::bytea(int column) const {
    if (type_oid(column) != pg::kBytea) wrong_type(column, type_oid(column));
    return raw(column);
}
Uuid Row::uuid(int column) const {
    if (type_oid(column) != pg::kUuid) wrong_type(column, type_oid(column));
    return decode_uuid(raw(column));
}
Timestamp Row::timestamp(int column) const {
    if (type_oid(column) != pg::kTimestamptz) wrong_type(column, type_oid(column));
    return decode_timestamp(raw(column).data());
}
std::chrono::sys_days Row::date(int column) const {
    if (type_oid(column) != pg::kDate) wrong_type(column, type_oid(column));
    const auto days = pg::load<std::int32_t>(raw(column).data());
    return std::chrono::sys_days{std::chrono::days{std::int64_t{days} + pg::kEpochDays}};
}

std::optional<std::int32_t> Row::optional_int4(int column) const {
    if (is_null(column)) return std::nullopt;
    return int4(column);
}
std::optional<std::int64_t> Row::optional_int8(int column) const {
    if (is_null(column)) return std::nullopt;
    return int8(column);
}
std::optional<double> Row::optional_float8(int column) const {
    if (is_null(column)) return std::nullopt;
    return float8(column);
}
std::optional<std::string> Row::optional_text(int column) const {
    if (is_null(column)) return std::nullopt;
    return std::string{text(column)};
}
std::optional<Uuid> Row::optional_uuid(int column) const {
    if (is_null(column)) return std::nullopt;
    return uuid(column);
}
std::optional<Timestamp> Row::optional_timestamp(int column) const {
    if (is_null(column)) return std::nullopt;
    return timestamp(column);
}

std::vector<double> Row::float8_array(int column) const {
    std::vector<double> values;
    if (is_null(column)) return values;
    values.reserve(array_length(raw(column)));
    visit_array(raw(column), [&](std::uint32_t oid, const char* bytes, std::size_t) {
        values.push_back(bytes == nullptr ? std::numeric_limits<double>::quiet_NaN()
                                          : decode_float(oid, bytes, column));
    });
    return values;
}

std::vector<std::optional<std::int64_t>> Row::int8_array(int column) const {
    std::vector<std::optional<std::int64_t>> values;
    if (is_null(column)) return values;
    values.reserve(array_length(raw(column)));
    visit_array(raw(column), [&](std::uint32_t oid, const char* bytes, std::size_t) {
        if (bytes == nullptr) {
            values.emplace_back(std::nullopt);
        } else {
            values.emplace_back(decode_integer(oid, bytes, column));
        }
    });
    return values;
}

std::vector<std::string> Row::text_array(int column) const {
    std::vector<std::string> values;
    if (is_null(column)) return values;
    visit_array(raw(column), [&](std::uint32_t oid, const char* bytes, std::size_t size) {
        values.emplace_back(bytes == nullptr ? std::string_view{}
                                             : without_jsonb_version(oid, {bytes, size}));
    });
    return values;
}

std::vector<Timestamp> Row::timestamp_array(int column) const {
    std::vector<Timestamp> values;
    if (is_null(column)) return values;
    values.reserve(array_length(raw(column)));
    visit_array(raw(column), [&](std::uint32_t oid, const char* bytes, std::size_t) {
        if (oid != pg::kTimestamptz) wrong_type(column, oid);
        values.push_back(bytes == nullptr ? Timestamp::min() : decode_timestamp(bytes));
    });
    return values;
}

}  // namespace chorus::store
