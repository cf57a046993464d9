#include "aggregator/sealed/processes/process_rows.h"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "aggregator/postgres/pg_types.h"
#include "aggregator/sealed/damage.h"

namespace chorus::store {
namespace {

constexpr char kNoLetter = '?';  // the state is not known
constexpr int kTableFacts = 7;   // before the columns of processes

[[noreturn]] void damaged_row() {
    throw DamagedRow("a row of the packed process tables is damaged");
}

// Elements of an array of int2, int4, float4 or int8, as numbers or bits. See array_send.
std::vector<std::int64_t> elements(const Row& row, int column) {
    std::vector<std::int64_t> out;
    if (row.is_null(column)) return out;
    const auto bytes = row.raw(column);
    constexpr std::size_t kDimensions = 4, kHead = 20;
    if (bytes.size() < kHead || pg::load<std::int32_t>(bytes.data()) != 1) return out;
    const bool real = pg::load<std::uint32_t>(bytes.data() + 2 * kDimensions) == pg::kFloat4;
    const auto count = pg::load<std::int32_t>(bytes.data() + 3 * kDimensions);
    out.reserve(static_cast<std::size_t>(count));
    auto at = kHead;
    for (std::int32_t i = 0; i < count; ++i) {
        const auto size = pg::load<std::int32_t>(bytes.data() + at);
        at += sizeof size;
        const char* const from = bytes.data() + at;
        switch (size) {
            case sizeof(std::int16_t):
                out.push_back(pg::load<std::int16_t>(from));
                break;
            case sizeof(std::int32_t):
                out.push_back(real ? std::int64_t{pg::load<std::uint32_t>(from)}
                                   : pg::load<std::int32_t>(from));
                break;
            case sizeof(std::int64_t):
                out.push_back(pg::load<std::int64_t>(from));
                break;
            default:
                out.push_back(kUnknown);
                continue;
        }
        at += static_cast<std::size_t>(size);
    }
    return out;
}

std::vector<std::int64_t> letters(const Row& row, int column) {
    std::vector<std::int64_t> out;
    if (row.is_null(column)) return out;
    for (const char letter : row.text(column)) {
        out.push_back(letter == kNoLetter ? kUnknown : static_cast<unsigned char>(letter));
    }
    return out;
}

std::int64_t element(const std::vector<std::int64_t>& list, std::size_t at) {
    return at < list.size() ? list[at] : kUnknown;
}

// Figures of one column of all processes, from its column or its two.
template <std::size_t I>
void read_column(const Row& row, int& column, StoredTable& table) {
    constexpr auto declared = process_column<I>();
    constexpr auto figure = figure_index<I>();
    const auto narrow =
        declared.type == ColumnType::state ? letters(row, column) : elements(row, column);
    ++column;
    std::vector<std::int64_t> wide;
    if constexpr (!declared.stored_wide.empty()) wide = elements(row, column++);
    for (std::size_t i = 0; i < table.figures.size(); ++i) {
        auto value = element(narrow, i);
        if constexpr (!declared.stored_wide.empty()) {
            if (value != kUnknown) value *= declared.stored_unit;
            if (const auto bytes = element(wide, i); bytes != kUnknown) value = bytes;
        }
        table.figures[i][figure] = value;
    }
}

template <typename Value, typename Pick>
std::vector<std::optional<Value>> facts(const std::vector<TableHead>& heads, Pick pick) {
    std::vector<std::optional<Value>> list;
    for (const auto& head : heads) list.push_back(pick(head));
    return list;
}

template <typename Value>
bool none(const std::vector<std::optional<Value>>& list) {
    return std::ranges::none_of(list, [](const auto& one) { return one.has_value(); });
}

void add_heads(Parameters& row, const std::vector<TableHead>& heads) {
    std::vector<Timestamp> times;
    std::vector<std::int64_t> delays;
    std::vector<std::int32_t> scanned;
    for (const auto& head : heads) {
        times.push_back(head.time);
        delays.push_back(head.delay.count());
        scanned.push_back(head.scanned);
    }
    row.timestamp_array(std::span<const Timestamp>{times})
        .int8_array(std::span<const std::int64_t>{delays})
        .int4_array(std::span<const std::int32_t>{scanned});
    const auto total =
        facts<std::int64_t>(heads, [](const auto& head) { return head.memory_total_bytes; });
    const auto count =
        facts<std::int32_t>(heads, [](const auto& head) { return head.other_count; });
    const auto cpu = facts<double>(heads, [](const auto& head) { return head.other_cpu_percent; });
    const auto rss =
        facts<std::int64_t>(heads, [](const auto& head) { return head.other_rss_bytes; });
    none(total) ? row.raw(pg::kInt8Array, std::nullopt) : row.int8_array(std::span{total});
    none(count) ? row.raw(pg::kInt4Array, std::nullopt) : row.int4_array(std::span{count});
    none(cpu) ? row.raw(pg::kFloat8Array, std::nullopt) : row.float8_array(std::span{cpu});
    none(rss) ? row.raw(pg::kInt8Array, std::nullopt) : row.int8_array(std::span{rss});
}

std::vector<std::int32_t> counts(const Row& row, int column) {
    std::vector<std::int32_t> list;
    for (const auto count : row.int8_array(column)) {
        list.push_back(static_cast<std::int32_t>(count.value_or(-1)));
    }
    return list;
}

std::optional<std::int64_t> known(const std::vector<std::int64_t>& list, std::size_t at) {
    const auto value = element(list, at);
    return value == kUnknown ? std::nullopt : std::optional{value};
}

}  // namespace

std::string process_table_columns() {
    std::string list =
        "b.ts, b.received_at, b.scanned, b.memory_total_bytes, b.other_count, "
        "b.other_cpu_percent, b.other_rss_bytes, b.ref_base, b.refs, b.refs_wide";
    for (const auto& column : process_column_facts()) {
        if (column.lifelong) continue;
        list += ", b." + std::string(column.column());
        if (!column.stored_wide.empty()) list += ", b." + std::string(column.stored_wide);
    }
    return list;
}

StoredTable read_table(const Row& row, int first) {
    StoredTable table;
    table.head.time = row.timestamp(first);
    table.head.delay = row.timestamp(first + 1) - table.head.time;
    table.head.scanned = row.int4(first + 2);
    table.head.memory_total_bytes = row.optional_int8(first + 3);
    table.head.other_count = row.optional_int4(first + 4);
    table.head.other_cpu_percent = row.optional_float8(first + 5);
    table.head.other_rss_bytes = row.optional_int8(first + 6);
    auto column = first + kTableFacts;
    const auto base = row.int8(column++);
    const auto refs = elements(row, column++);
    const auto wide = elements(row, column++);
    for (std::size_t i = 0; i < std::max(refs.size(), wide.size()); ++i) {
        const auto narrow = element(refs, i);
        const auto ref = narrow == kUnknown ? element(wide, i) : base + narrow;
        if (ref == kUnknown) throw std::runtime_error("a process table names no process");
        table.refs.push_back(ref);
    }
    table.figures.resize(table.refs.size());
    for (std::size_t i = 0; i < table.refs.size(); ++i) {
        table.figures[i][kPositionFigure] = static_cast<std::int64_t>(i) + 1;
    }
    for_each_process_column([&]<std::size_t I>() {
        if constexpr (!process_column<I>().lifelong) read_column<I>(row, column, table);
    });
    return table;
}

std::string with_columns(std::string_view sql, std::string_view columns) {
    constexpr std::string_view mark = "@COLUMNS@";
    std::string text{sql};
    return text.replace(text.find(mark), mark.size(), columns);
}

Parameters block_row(std::int32_t host_id, const ProcessBlock& block) {
    Parameters row;
    row.date(std::chrono::floor<std::chrono::days>(block.heads.front().time))
        .int4(host_id)
        .timestamp(block.heads.front().time)
        .timestamp(block.heads.back().time);
    add_heads(row, block.heads);
    std::vector<std::optional<std::int64_t>> common;
    for (const auto figure : block.common) {
        common.push_back(figure == kUnknown ? std::nullopt : std::optional{figure});
    }
    row.int8_array(std::span<const std::optional<std::int64_t>>{common})
        .int8_array(std::span<const std::int64_t>{block.refs})
        .int4_array(std::span<const std::int32_t>{block.firsts})
        .int4_array(std::span<const std::int32_t>{block.tables})
        .int4_array(std::span<const std::int32_t>{block.ends})
        .bytea(block.body);
    return row;
}

std::vector<TableHead> read_heads(const Row& row, int first) {
    const auto times = row.timestamp_array(first);
    const auto delays = elements(row, first + 1), scanned = elements(row, first + 2);
    const auto total = elements(row, first + 3), count = elements(row, first + 4);
    const auto cpu = row.float8_array(first + 5);
    const auto rss = elements(row, first + 6);
    if (times.empty() || delays.size() != times.size() || scanned.size() != times.size() ||
        !std::ranges::is_sorted(times)) {
        damaged_row();
    }
    std::vector<TableHead> heads;
    for (std::size_t i = 0; i < times.size(); ++i) {
        TableHead head;
        head.time = times[i];
        head.delay = std::chrono::microseconds{delays[i]};
        head.scanned = static_cast<std::int32_t>(scanned[i]);
        head.memory_total_bytes = known(total, i);
        if (const auto others = known(count, i)) {
            head.other_count = static_cast<std::int32_t>(*others);
        }
        if (i < cpu.size() && cpu[i] == cpu[i]) head.other_cpu_percent = cpu[i];
        head.other_rss_bytes = known(rss, i);
        heads.push_back(head);
    }
    return heads;
}

std::vector<std::int64_t> read_figures(const Row& row, int column) {
    return elements(row, column);
}

ProcessBlock read_block(const Row& row, int first) {
    ProcessBlock block;
    block.heads = read_heads(row, first);
    block.common = read_figures(row, first + kHeadColumnCount);
    block.refs = elements(row, first + kHeadColumnCount + 1);
    block.firsts = counts(row, first + kHeadColumnCount + 2);
    block.tables = counts(row, first + kHeadColumnCount + 3);
    block.ends = counts(row, first + kHeadColumnCount + 4);
    block.body = row.bytea(first + kHeadColumnCount + 5);
    const auto runs = block.refs.size();
    if (block.firsts.size() != runs || block.tables.size() != runs || block.ends.size() != runs) {
        damaged_row();
    }
    return block;
}

}  // namespace chorus::store
