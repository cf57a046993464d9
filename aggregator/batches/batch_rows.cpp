#include "aggregator/batches/batch_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "aggregator/postgres/pg_types.h"
#include "common/batch/memory_share.h"
#include "common/batch/process_columns.h"

namespace chorus::store {
namespace {

// Columns of a row of process_batches before those of each process.
constexpr std::string_view kTableColumns[] = {"host_id",         "ts",
                                              "received_at",     "scanned",
                                              "ref_base",        "memory_total_bytes",
                                              "other_count",     "other_cpu_percent",
                                              "other_rss_bytes", "refs",
                                              "refs_wide"};

template <typename T>
void field(std::string& out, T value) {
    pg::append(out, static_cast<std::int32_t>(sizeof(T)));
    pg::append(out, value);
}

void null_field(std::string& out) {
    pg::append<std::int32_t>(out, -1);
}

template <typename T>
void field(std::string& out, const std::optional<T>& value) {
    value ? field(out, *value) : null_field(out);
}

void field(std::string& out, Timestamp time) {
    field(out, to_unix_micros(time) - pg::kEpochMicros);
}

// A one-dimensional array as a field; get(i) gives an optional element, nothing is NULL.
template <typename T, typename Get>
void array_field(std::string& out, std::uint32_t element_oid, std::size_t size, const Get& get) {
    const std::size_t start = out.size();
    out.reserve(start + 24 + size * (4 + sizeof(T)));
    pg::append<std::int32_t>(out, 0);  // bytes, set below
    pg::append<std::int32_t>(out, size == 0 ? 0 : 1);
    pg::append<std::int32_t>(out, 0);  // 1 = has NULLs, set below
    pg::append(out, element_oid);
    bool any_null = false;
    if (size > 0) {
        pg::append(out, static_cast<std::int32_t>(size));
        pg::append<std::int32_t>(out, 1);
        for (std::size_t i = 0; i < size; ++i) {
            const std::optional<T> value = get(i);
            any_null = any_null || !value;
            field(out, value);
        }
    }
    std::string bytes;
    pg::append(bytes, static_cast<std::int32_t>(out.size() - start - 4));
    out.replace(start, 4, bytes);
    if (any_null) out[start + 11] = 1;
}

using Rows = std::vector<ProcessSample>;

// An array over a member of all processes, NULL as a whole if nothing of it is known.
template <typename T, typename Member>
void member_field(std::string& out, std::uint32_t element_oid, const Rows& rows, Member member) {
    if (std::none_of(rows.begin(), rows.end(), [&](const auto& p) { return bool(p.*member); })) {
        return null_field(out);
    }
    array_field<T>(out, element_oid, rows.size(), [&](std::size_t i) {
        const auto& value = rows[i].*member;
        return value ? std::optional<T>{static_cast<T>(*value)} : std::nullopt;
    });
}

// The pair "narrow, wide": int4 in the unit given if every value fits in it without loss, else
// bytes as int8.
void sized_fields(std::string& out, const Rows& rows,
                  std::optional<std::int64_t> ProcessSample::*member, std::int64_t unit) {
    const bool narrow = std::all_of(rows.begin(), rows.end(), [&](const auto& p) {
        const auto& bytes = p.*member;
        return !bytes ||
               (*bytes % unit == 0 && *bytes / unit <= std::numeric_limits<std::int32_t>::max());
    });
    if (!narrow) {
        null_field(out);
        return member_field<std::int64_t>(out, pg::kInt8, rows, member);
    }
    if (std::none_of(rows.begin(), rows.end(), [&](const auto& p) { return bool(p.*member); })) {
        null_field(out);
    } else {
        array_field<std::int32_t>(out, pg::kInt4, rows.size(), [&](std::size_t i) {
            const auto& bytes = rows[i].*member;
            return bytes ? std::optional{static_cast<std::int32_t>(*bytes / unit)} : std::nullopt;
        });
    }
    null_field(out);
}

// True if the percentage of every process follows from its resident set, but for rounding.
bool follows_from_rss(const Rows& rows, std::optional<std::int64_t> total_bytes) {
    constexpr double rounding = 0.01;
    return std::all_of(rows.begin(), rows.end(), [&](const ProcessSample& p) {
        if (!p.memory_percent) return true;
        if (!p.memory_rss_bytes || !total_bytes || *total_bytes <= 0) return false;
        const double share = memory_share(*p.memory_rss_bytes, *total_bytes, 100);
        return std::abs(share - *p.memory_percent) <= rounding;
    });
}

void ref_fields(std::string& out, std::span<const std::int64_t> refs, std::int64_t base) {
    const bool narrow = std::all_of(refs.begin(), refs.end(), [&](std::int64_t ref) {
        return ref - base <= std::numeric_limits<std::int32_t>::max();
    });
    if (narrow) {
        array_field<std::int32_t>(out, pg::kInt4, refs.size(), [&](std::size_t i) {
            return std::optional{static_cast<std::int32_t>(refs[i] - base)};
        });
        null_field(out);
    } else {
        null_field(out);
        array_field<std::int64_t>(out, pg::kInt8, refs.size(),
                                  [&](std::size_t i) { return std::optional{refs[i]}; });
    }
}

void states_field(std::string& out, const Rows& rows) {
    if (std::none_of(rows.begin(), rows.end(), [](const auto& p) { return bool(p.state); })) {
        return null_field(out);
    }
    pg::append(out, static_cast<std::int32_t>(rows.size()));
    for (const auto& p : rows) out += p.state ? static_cast<char>(*p.state) : '?';
}

template <ColumnType>
struct Element;
template <>
struct Element<ColumnType::integer16> {
    using Type = std::int16_t;
    static constexpr std::uint32_t oid = pg::kInt2;
};
template <>
struct Element<ColumnType::integer32> {
    using Type = std::int32_t;
    static constexpr std::uint32_t oid = pg::kInt4;
};
template <>
struct Element<ColumnType::real> {
    using Type = float;
    static constexpr std::uint32_t oid = pg::kFloat4;
};

// One column of all processes: a field, or two of a pair "narrow, wide".
template <std::size_t I>
void column_fields(std::string& out, const Rows& rows, std::optional<std::int64_t> total_bytes) {
    constexpr auto column = process_column<I>();
    if constexpr (column.type == ColumnType::state) {
        states_field(out, rows);
    } else if constexpr (column.type == ColumnType::integer64) {
        sized_fields(out, rows, column.member, column.stored_unit);
    } else if (I == process_column_index("memory_percent") && follows_from_rss(rows, total_bytes)) {
        null_field(out);
    } else {
        using Stored = Element<column.type>;
        member_field<typename Stored::Type>(out, Stored::oid, rows, column.member);
    }
}

constexpr std::int16_t count_fields() {
    std::size_t fields = std::size(kTableColumns);
    for_each_process_column([&]<std::size_t I>() {
        constexpr auto column = process_column<I>();
        if (!column.lifelong) fields += column.stored_wide.empty() ? 1 : 2;
    });
    return static_cast<std::int16_t>(fields);
}

void key_fields(std::string& out, const PreparedBatch& prepared, RowKey key, std::int16_t fields) {
    pg::append(out, fields);
    field(out, key.host_id);
    field(out, key.time);
    field(out, prepared.received_at);
}

std::optional<std::int32_t> clamp32(std::int64_t value) {
    return static_cast<std::int32_t>(
        std::min<std::int64_t>(value, std::numeric_limits<std::int32_t>::max()));
}

}  // namespace

void append_system_row(std::string& out, const PreparedBatch& prepared, RowKey key,
                       std::int32_t layout_id) {
    constexpr std::int16_t fields = 6;
    key_fields(out, prepared, key, fields);
    field(out, prepared.payload_hash);
    field(out, layout_id);
    const std::vector<double>& values = prepared.batch.values;
    array_field<double>(out, pg::kFloat8, values.size(), [&](std::size_t i) {
        return std::isnan(values[i]) ? std::nullopt : std::optional{values[i]};
    });
}

const std::string& process_row_target() {
    static const std::string target = [] {
        std::string columns;
        const auto add = [&](std::string_view name) {
            if (!columns.empty()) columns += ", ";
            columns += name;
        };
        for (const auto name : kTableColumns) add(name);
        for (const auto& column : process_column_facts()) {
            if (column.lifelong) continue;
            add(column.column());
            if (!column.stored_wide.empty()) add(column.stored_wide);
        }
        return "monitoring.process_batches (" + columns + ')';
    }();
    return target;
}

void append_process_row(std::string& out, const PreparedBatch& prepared, RowKey key,
                        std::span<const std::int64_t> refs) {
    const ProcessTable& table = *prepared.batch.processes;
    const Rows& rows = table.rows;
    const auto& total = prepared.batch.host.memory_total_bytes;
    const std::int64_t base = refs.empty() ? 0 : *std::min_element(refs.begin(), refs.end());

    key_fields(out, prepared, key, count_fields());
    field(out, clamp32(table.scanned));
    field(out, base);
    field(out, total);
    field(out, table.other ? clamp32(table.other->count) : std::nullopt);
    field(out, table.other ? table.other->cpu_percent : std::nullopt);
    field(out, table.other ? table.other->memory_rss_bytes : std::nullopt);
    ref_fields(out, refs, base);
    for_each_process_column([&]<std::size_t I>() {
        if constexpr (!process_column<I>().lifelong) column_fields<I>(out, rows, total);
    });
}

}  // namespace chorus::store
