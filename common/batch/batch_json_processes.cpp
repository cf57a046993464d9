#include "common/batch/batch_json_processes.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>
#include <vector>

#include "common/batch/process_columns.h"

namespace chorus {
namespace {

using Checker = BatchChecker;
using json_checks::kNatural31;
using json_checks::kNatural63;
using json_checks::Path;

template <typename Number, typename Read>
void assign(std::optional<Number>& target, const std::optional<Read>& read) {
    if (read) target = static_cast<Number>(*read);
}

std::optional<ProcessState> read_state(JsonValue cell, const Path& at, Checker& check) {
    const std::string_view word = check.text(cell, at, limits::kLabelBytes);
    if (word.empty()) return std::nullopt;
    const auto state = process_state_from_name(word);
    if (!state) {
        check.fail(at, "enum",
                   "Input should be 'running', 'sleeping', 'disk-sleep', 'stopped', "
                   "'tracing-stop', 'zombie', 'dead', 'idle', 'parked' or 'waking'");
    }
    return state;
}

// A number as the column's bounds have it; nullopt after a fault or a warning.
template <std::size_t I>
auto read_number(JsonValue cell, const Path& at, Checker& check) {
    constexpr auto column = process_column<I>();
    constexpr bool strict = column.strict || column.needed;
    if constexpr (column.type == ColumnType::real) {
        return strict ? check.real(cell, at, column.bounds)
                      : check.lenient_real(cell, at, column.bounds);
    } else {
        return strict ? check.integer(cell, at, column.bounds)
                      : check.lenient_integer(cell, at, column.bounds);
    }
}

template <std::size_t I>
void read_cell(JsonValue cell, const Path& at, ProcessSample& out, Checker& check) {
    constexpr auto column = process_column<I>();
    auto& target = out.*column.member;
    if (!column.needed && cell.is_null()) return;
    if constexpr (column.type == ColumnType::text) {
        target = check.cut_text(cell, at, column.bounds.most_bytes);
    } else if constexpr (column.type == ColumnType::state) {
        target = read_state(cell, at, check);
    } else if constexpr (column.needed) {
        using Number = std::remove_reference_t<decltype(target)>;
        target = static_cast<Number>(read_number<I>(cell, at, check).value_or(0));
    } else {
        assign(target, read_number<I>(cell, at, check));
    }
}

using ReadCell = void (*)(JsonValue cell, const Path& at, ProcessSample& out, Checker& check);
constexpr auto kReaders = []<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<ReadCell, kProcessColumnCount>{&read_cell<I>...};
}
(std::make_index_sequence<kProcessColumnCount>{});

constexpr std::size_t kUnknown = kProcessColumnCount;

struct NamedColumn {
    std::size_t column;     // kUnknown is ignored
    std::string_view name;  // as sent, for locations
};

std::size_t column_of(std::string_view name) {
    std::size_t found = kUnknown;
    for_each_process_column([&]<std::size_t I>() {
        constexpr auto column = process_column<I>();
        if (name == column.name || (!column.synonym.empty() && name == column.synonym)) found = I;
    });
    return found;
}

std::vector<NamedColumn> read_columns(JsonValue value, const Path& at, Checker& check) {
    constexpr std::size_t most_columns = 64;
    std::vector<NamedColumn> columns;
    const auto names = check.array(value, at);
    if (!names) return columns;
    if (names->size() > most_columns) {
        check.too_long(at, most_columns);
        return columns;
    }
    for (const JsonValue item : *names) {
        const Path here = at / columns.size();
        const std::string_view name = check.text(item, here, limits::kLabelBytes);
        const std::size_t column = column_of(name);
        const bool twice = column != kUnknown &&
                           std::any_of(columns.begin(), columns.end(),
                                       [&](const NamedColumn& c) { return c.column == column; });
        if (twice) check.fail(here, "duplicate_item", "Column should be given once");
        columns.push_back({column, name});
    }
    for_each_process_column([&]<std::size_t I>() {
        constexpr auto column = process_column<I>();
        if (!column.needed) return;
        const bool there = std::any_of(columns.begin(), columns.end(),
                                       [&](const NamedColumn& c) { return c.column == I; });
        if (!there) check.missing(at / column.name);
    });
    return columns;
}

ProcessSample read_row(simdjson::dom::array cells, const std::vector<NamedColumn>& columns,
                       const Path& at, Checker& check) {
    ProcessSample out;
    // Cells of a shifted row would only add misleading faults.
    if (cells.size() < columns.size()) {
        check.too_short(at, columns.size());
        return out;
    }
    if (cells.size() > columns.size()) {
        check.too_long(at, columns.size());
        return out;
    }
    auto column = columns.begin();
    for (const JsonValue cell : cells) {
        if (column->column != kUnknown) {
            kReaders[column->column](cell, at / column->name, out, check);
        }
        ++column;
    }
    return out;
}

// Identity within a boot is (pid, start_ticks). Agents send them in ascending order, which proves
// that there are no twins; otherwise they are sorted here. Empty if there are none.
std::vector<bool> find_twins(const std::vector<ProcessSample>& rows) {
    const auto identity = [](const ProcessSample& p) { return std::tuple(p.pid, p.start_ticks); };
    const auto disorder = std::adjacent_find(
        rows.begin(), rows.end(),
        [&](const auto& a, const auto& b) { return !(identity(a) < identity(b)); });
    if (disorder == rows.end()) return {};

    std::vector<std::tuple<std::int32_t, std::int64_t, std::size_t>> order;
    order.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        order.emplace_back(rows[i].pid, rows[i].start_ticks, i);
    }
    std::sort(order.begin(), order.end());
    std::vector<bool> twins;
    for (std::size_t i = 1; i < order.size(); ++i) {
        const auto& [pid, start, index] = order[i];
        if (pid != std::get<0>(order[i - 1]) || start != std::get<1>(order[i - 1])) continue;
        twins.resize(rows.size());
        twins[index] = true;
    }
    return twins;
}

void keep_first_of_twins(simdjson::dom::array list, const Path& at,
                         std::vector<ProcessSample>& rows, Checker& check) {
    const auto twins = find_twins(rows);
    if (twins.empty()) return;
    std::size_t kept = 0, index = 0;
    for (const JsonValue item : list) {
        if (twins[index]) {
            check.warn(at / index, "duplicate_item",
                       "A process (pid, start_ticks) should be given once; the first is kept",
                       item);
        } else {
            if (kept != index) rows[kept] = std::move(rows[index]);
            ++kept;
        }
        ++index;
    }
    rows.resize(kept);
}

std::vector<ProcessSample> read_rows(JsonValue value, const std::vector<NamedColumn>& columns,
                                     const Path& at, Checker& check) {
    std::vector<ProcessSample> rows;
    const auto list = check.array(value, at);
    if (!list) return rows;
    if (list->size() > limits::kProcessesPerBatch) {
        check.too_long(at, limits::kProcessesPerBatch);
        return rows;
    }
    rows.reserve(list->size());
    for (const JsonValue item : *list) {
        if (check.full()) return rows;
        const Path here = at / rows.size();
        const auto cells = check.array(item, here);
        rows.push_back(cells ? read_row(*cells, columns, here, check) : ProcessSample{});
    }
    if (!check.failed()) keep_first_of_twins(*list, at, rows, check);
    return rows;
}

std::optional<ProcessRemainder> read_other(JsonValue value, const Path& at, Checker& check) {
    if (value.is_null()) return std::nullopt;
    const auto object = check.object(value, at);
    if (!object) return std::nullopt;
    ProcessRemainder other;
    bool counted = false, known = true;
    for (const auto [key, item] : *object) {
        const Path here = at / key;
        if (key == "count") {
            counted = true;
            const auto count = check.lenient_integer(item, here, kNatural31);
            known = count.has_value();
            other.count = count.value_or(0);
        } else if (key == "cpu_percent" && !item.is_null()) {
            assign(other.cpu_percent, check.lenient_real(item, here, ranges::kCpuPercent));
        } else if (key == "memory_rss_bytes" && !item.is_null()) {
            assign(other.memory_rss_bytes, check.lenient_integer(item, here, kNatural63));
        }
    }
    if (!counted) check.missing(at / "count");
    if (!known) return std::nullopt;  // a remainder of unknown size says nothing
    return other;
}

}  // namespace

ProcessTable read_processes(JsonValue value, const Path& at, Checker& check) {
    ProcessTable table;
    const auto object = check.object(value, at);
    if (!object) return table;
    std::optional<JsonValue> columns, rows;
    std::optional<std::int64_t> scanned;
    for (const auto [key, item] : *object) {
        if (key == "columns") {
            columns = item;
        } else if (key == "rows") {
            rows = item;
        } else if (key == "scanned" && !item.is_null()) {
            scanned = check.lenient_integer(item, at / key, kNatural31);
        } else if (key == "other") {
            table.other = read_other(item, at / key, check);
        }
    }
    if (!columns) check.missing(at / "columns");
    if (!rows) check.missing(at / "rows");
    if (columns && rows) {
        const auto named = read_columns(*columns, at / "columns", check);
        if (!named.empty()) table.rows = read_rows(*rows, named, at / "rows", check);
    }
    table.scanned = scanned.value_or(static_cast<std::int64_t>(table.rows.size()));
    return table;
}

}  // namespace chorus
