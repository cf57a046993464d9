#include "common/batch/batch_json_processes.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>
#include <vector>

#include "common/batch/batch_ranges.h"

namespace chorus {
namespace {

using Checker = BatchChecker;
using json_checks::kNatural31;
using json_checks::kNatural63;
using json_checks::Path;
using namespace ranges;

enum class Column {
    unknown,
    pid,
    start_ticks,
    name,
    ppid,
    state,
    user,
    num_threads,
    cpu_percent,
    memory_rss_bytes,
    memory_percent,
    disk_read_bytes,
    disk_write_bytes,
    fd_count,
    fd_limit,
    children_cpu_percent,
    memory_pss_bytes,
    memory_swap_bytes,
    major_faults_per_sec,
    nice,
    processor,
    io_wait_percent,
    cpu_wait_percent,
    voluntary_switches_per_sec,
    involuntary_switches_per_sec,
    unit,
    container_id,
    cmdline,
};

constexpr std::array<std::pair<std::string_view, Column>, 32> kColumns{{
    {"pid", Column::pid},
    {"start_ticks", Column::start_ticks},
    {"name", Column::name},
    {"ppid", Column::ppid},
    {"state", Column::state},
    {"user", Column::user},
    {"num_threads", Column::num_threads},
    {"cpu_percent", Column::cpu_percent},
    {"memory_rss_bytes", Column::memory_rss_bytes},
    {"memory_percent", Column::memory_percent},
    {"disk_read_bytes", Column::disk_read_bytes},
    {"disk_write_bytes", Column::disk_write_bytes},
    {"fd_count", Column::fd_count},
    {"fd_limit", Column::fd_limit},
    {"children_cpu_percent", Column::children_cpu_percent},
    {"memory_pss_bytes", Column::memory_pss_bytes},
    {"memory_swap_bytes", Column::memory_swap_bytes},
    {"major_faults_per_sec", Column::major_faults_per_sec},
    {"nice", Column::nice},
    {"processor", Column::processor},
    {"io_wait_percent", Column::io_wait_percent},
    {"cpu_wait_percent", Column::cpu_wait_percent},
    {"voluntary_switches_per_sec", Column::voluntary_switches_per_sec},
    {"involuntary_switches_per_sec", Column::involuntary_switches_per_sec},
    {"unit", Column::unit},
    {"container_id", Column::container_id},
    {"cmdline", Column::cmdline},
    // Synonyms, as other tools call them.
    {"process_id", Column::pid},
    {"process_name", Column::name},
    {"status", Column::state},
    {"username", Column::user},
    {"threads", Column::num_threads},
}};

struct NamedColumn {
    Column column;
    std::string_view name;  // as sent, for locations
};

Column column_of(std::string_view name) {
    for (const auto& [known, column] : kColumns) {
        if (known == name) return column;
    }
    return Column::unknown;
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
        const Column column = column_of(name);
        const bool twice = column != Column::unknown &&
                           std::any_of(columns.begin(), columns.end(),
                                       [&](const NamedColumn& c) { return c.column == column; });
        if (twice) check.fail(here, "duplicate_item", "Column should be given once");
        columns.push_back({column, name});
    }
    for (const Column needed : {Column::pid, Column::start_ticks, Column::name}) {
        const bool there = std::any_of(columns.begin(), columns.end(),
                                       [&](const NamedColumn& c) { return c.column == needed; });
        if (!there) check.missing(at / kColumns[static_cast<std::size_t>(needed) - 1].first);
    }
    return columns;
}

template <typename Number, typename Read>
void assign(std::optional<Number>& target, const std::optional<Read>& read) {
    if (read) target = static_cast<Number>(*read);
}

void read_state(JsonValue cell, const Path& at, ProcessSample& out, Checker& check) {
    const std::string_view word = check.text(cell, at, limits::kLabelBytes);
    if (word.empty()) return;
    out.state = process_state_from_name(word);
    if (!out.state) {
        check.fail(at, "enum",
                   "Input should be 'running', 'sleeping', 'disk-sleep', 'stopped', "
                   "'tracing-stop', 'zombie', 'dead', 'idle', 'parked' or 'waking'");
    }
}

void read_cell(Column column, JsonValue cell, const Path& at, ProcessSample& out, Checker& check) {
    const bool required =
        column == Column::pid || column == Column::start_ticks || column == Column::name;
    if (cell.is_null() && !required) return;
    switch (column) {
        case Column::unknown:
            return;
        case Column::pid:
            out.pid = static_cast<std::int32_t>(check.integer(cell, at, kPid).value_or(0));
            return;
        case Column::start_ticks:
            out.start_ticks = check.integer(cell, at, kNatural63).value_or(0);
            return;
        case Column::name:
            out.name = check.cut_text(cell, at, limits::kProcessNameBytes);
            return;
        case Column::ppid:
            return assign(out.ppid, check.lenient_integer(cell, at, kNatural31));
        case Column::state:
            return read_state(cell, at, out, check);
        case Column::user:
            out.user = check.cut_text(cell, at, limits::kLabelBytes);
            return;
        case Column::num_threads:
            return assign(out.num_threads, check.lenient_integer(cell, at, kNatural31));
        case Column::cpu_percent:
            return assign(out.cpu_percent, check.real(cell, at, kCpuPercent));
        case Column::memory_rss_bytes:
            return assign(out.memory_rss_bytes, check.lenient_integer(cell, at, kNatural63));
        case Column::memory_percent:
            return assign(out.memory_percent, check.real(cell, at, kPercent));
        case Column::disk_read_bytes:
            return assign(out.disk_read_bytes, check.lenient_integer(cell, at, kNatural63));
        case Column::disk_write_bytes:
            return assign(out.disk_write_bytes, check.lenient_integer(cell, at, kNatural63));
        case Column::fd_count:
            return assign(out.fd_count, check.lenient_integer(cell, at, kNatural31));
        case Column::fd_limit:
            return assign(out.fd_limit, check.lenient_integer(cell, at, kNatural31));
        case Column::children_cpu_percent:
            return assign(out.children_cpu_percent, check.lenient_real(cell, at, kCpuPercent));
        case Column::memory_pss_bytes:
            return assign(out.memory_pss_bytes, check.lenient_integer(cell, at, kNatural63));
        case Column::memory_swap_bytes:
            return assign(out.memory_swap_bytes, check.lenient_integer(cell, at, kNatural63));
        case Column::major_faults_per_sec:
            return assign(out.major_faults_per_sec, check.lenient_real(cell, at, kPerSecond));
        case Column::nice:
            return assign(out.nice, check.lenient_integer(cell, at, kNice));
        case Column::processor:
            return assign(out.processor, check.lenient_integer(cell, at, kProcessor));
        case Column::io_wait_percent:
            return assign(out.io_wait_percent, check.lenient_real(cell, at, kCpuPercent));
        case Column::cpu_wait_percent:
            return assign(out.cpu_wait_percent, check.lenient_real(cell, at, kCpuPercent));
        case Column::voluntary_switches_per_sec:
            return assign(out.voluntary_switches_per_sec, check.lenient_real(cell, at, kPerSecond));
        case Column::involuntary_switches_per_sec:
            return assign(out.involuntary_switches_per_sec,
                          check.lenient_real(cell, at, kPerSecond));
        case Column::unit:
            out.unit = check.cut_text(cell, at, limits::kLabelBytes);
            return;
        case Column::container_id:
            out.container_id = check.cut_text(cell, at, limits::kLabelBytes);
            return;
        case Column::cmdline:
            out.cmdline = check.cut_text(cell, at, limits::kTextBytes);
            return;
    }
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
        read_cell(column->column, cell, at / column->name, out, check);
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
            assign(other.cpu_percent, check.lenient_real(item, here, kCpuPercent));
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
