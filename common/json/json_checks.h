// Checks of single JSON values that collect every fault, in FastAPI's words.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "common/json/field_error.h"
#include "common/json/json_reader.h"
#include "common/timestamp.h"
#include "common/uuid.h"

namespace chorus::json_checks {

// Where a value stands, as a chain on the stack: costs nothing until there is a fault.
class Path {
  public:
    explicit Path(std::string_view root) : name_(root) {}
    Path(const Path& parent, std::string_view name) : parent_(&parent), name_(name) {}
    Path(const Path& parent, std::size_t index)
        : parent_(&parent), index_(static_cast<std::int64_t>(index)) {}
    Path operator/(std::string_view name) const& { return {*this, name}; }
    Path operator/(std::size_t index) const& { return {*this, index}; }
    Location location() const;

  private:
    const Path* parent_ = nullptr;
    std::string_view name_;
    std::int64_t index_ = -1;
};

struct IntegerRange {
    std::int64_t least = 0;
    std::int64_t greatest = std::numeric_limits<std::int64_t>::max();
};
inline constexpr IntegerRange kNatural31{0, std::numeric_limits<std::int32_t>::max()};
inline constexpr IntegerRange kNatural63{};

struct RealRange {
    double least;
    double greatest;
};

class Checker {
  public:
    explicit Checker(FieldErrors& errors) : errors_(errors) {}

    void fail(const Path& at, std::string type, std::string message, ErrorContext context = {});
    void missing(const Path& at) { fail(at, "missing", "Field required"); }
    void too_long(const Path& at, std::size_t maximum);
    void too_short(const Path& at, std::size_t minimum);
    // True once no further fault would be kept: reading on is of no use.
    bool full() const { return errors_.full(); }
    bool failed() const { return !errors_.empty(); }

    // Each gives nullopt (or an empty text) after adding a fault, and accepts no other JSON type:
    // "12", 12.0 and true are no integers.
    std::optional<std::int64_t> integer(JsonValue value, const Path& at, IntegerRange range) {
        std::int64_t number = 0;
        if (value.get(number) == simdjson::SUCCESS && number >= range.least &&
            number <= range.greatest) {
            return number;
        }
        return refuse_integer(value, at, range);
    }
    std::optional<double> real(JsonValue value, const Path& at, RealRange range) {
        double number = 0;
        if (value.get(number) == simdjson::SUCCESS && number >= range.least &&
            number <= range.greatest) {
            return number;
        }
        return refuse_real(value, at, range);
    }
    std::string_view text(JsonValue value, const Path& at, std::size_t maximum_bytes);
    std::optional<Uuid> uuid(JsonValue value, const Path& at);
    std::optional<Timestamp> timestamp(JsonValue value, const Path& at);
    std::optional<simdjson::dom::object> object(JsonValue value, const Path& at);
    std::optional<simdjson::dom::array> array(JsonValue value, const Path& at);

  private:
    std::optional<std::int64_t> refuse_integer(JsonValue value, const Path& at, IntegerRange range);
    std::optional<double> refuse_real(JsonValue value, const Path& at, RealRange range);

    FieldErrors& errors_;
};

}  // namespace chorus::json_checks
