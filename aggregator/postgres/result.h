// Rows of an answer, read from PostgreSQL's binary form.
#pragma once

#include <chrono>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/timestamp.h"
#include "common/uuid.h"

struct pg_result;

namespace chorus::store {

class Result;

// The number that was meant: 12.3f is stored as 12.300000190734863, and its shortest decimal form
// is 12.3.
double decimal_of(float value);

// One row, valid as long as its Result. Columns count from 0. To ask for NULL as a plain value, or
// for another type than the column's, is a programming error (std::logic_error).
class Row {
  public:
    Row(const Result* result, int row) : result_(result), row_(row) {}

    bool is_null(int column) const;
    std::int32_t int4(int column) const;  // also int2
    std::int64_t int8(int column) const;  // also int4, int2
    double float8(int column) const;      // also float4, as the decimal number that was meant
    bool boolean(int column) const;
    std::string_view text(int column) const;  // text, varchar, name, char, json, jsonb
    std::string_view bytea(int column) const;
    Uuid uuid(int column) const;
    Timestamp timestamp(int column) const;  // timestamptz; infinities become the extremes
    std::chrono::sys_days date(int column) const;

    std::optional<std::int32_t> optional_int4(int column) const;
    std::optional<std::int64_t> optional_int8(int column) const;
    std::optional<double> optional_float8(int column) const;
    std::optional<std::string> optional_text(int column) const;
    std::optional<Uuid> optional_uuid(int column) const;
    std::optional<Timestamp> optional_timestamp(int column) const;

    // Elements of one-dimensional arrays; empty for NULL. A NULL element is NaN or nullopt.
    std::vector<double> float8_array(int column) const;  // also float4[], int4[], int8[]
    std::vector<std::optional<std::int64_t>> int8_array(int column) const;  // also int4[]
    std::vector<std::string> text_array(int column) const;     // also jsonb[]; NULL as ""
    std::vector<Timestamp> timestamp_array(int column) const;  // NULL as Timestamp::min()

    // The value as the server sent it, and the OID of its type.
    std::string_view raw(int column) const;
    std::uint32_t type_oid(int column) const;

  private:
    const Result* result_;
    int row_;
};

class Result {
  public:
    Result();
    explicit Result(pg_result* result);  // takes ownership
    Result(Result&&) noexcept;
    Result& operator=(Result&&) noexcept;
    ~Result();

    int size() const;
    bool empty() const { return size() == 0; }
    Row operator[](int row) const { return Row{this, row}; }
    // The number of the column of that name. That there is none is a programming error
    // (std::logic_error).
    int column(const char* name) const;
    // Rows that an INSERT, UPDATE or DELETE changed.
    std::int64_t affected() const;

    class Iterator {
      public:
        using iterator_category = std::input_iterator_tag;
        using value_type = Row;
        using difference_type = int;
        using pointer = void;
        using reference = Row;
        Iterator(const Result* result, int row) : result_(result), row_(row) {}
        Row operator*() const { return Row{result_, row_}; }
        Iterator& operator++() {
            ++row_;
            return *this;
        }
        bool operator!=(const Iterator& other) const { return row_ != other.row_; }
        bool operator==(const Iterator& other) const { return row_ == other.row_; }

      private:
        const Result* result_;
        int row_;
    };
    Iterator begin() const { return {this, 0}; }
    Iterator end() const { return {this, size()}; }

    const pg_result* native() const { return result_.get(); }

  private:
    struct Clear {
        void operator()(pg_result* result) const;
    };
    std::unique_ptr<pg_result, Clear> result_;
};

}  // namespace chorus::store
