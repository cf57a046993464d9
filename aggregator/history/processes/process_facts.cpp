#include "aggregator/history/processes/process_facts.h"

#include <charconv>
#include <type_traits>
#include <vector>

#include "aggregator/history/processes/process_sql.h"
#include "aggregator/history/sample_id.h"
#include "aggregator/sealed/processes/process_rows.h"
#include "common/batch/process_columns.h"

namespace chorus::store {
namespace {

constexpr std::size_t kMostFacts = 20'000;  // that are kept; each may have a long command line

constexpr std::string_view kFactsOfLife = R"sql(
SELECT p.process_ref, p.started_at@COLUMNS@
FROM monitoring.processes p
WHERE p.process_ref = ANY ($6::bigint[])
  AND ($1::text IS NULL OR p.name LIKE $1)
  AND ($2::int IS NULL OR p.pid = $2)
  AND ($3::text IS NULL OR p.username LIKE $3)
  AND ($4::text IS NULL OR p.unit LIKE $4)
  AND ($5::text IS NULL OR p.container_id LIKE $5)
)sql";

const std::string& facts_sql() {
    static const std::string sql = [] {
        std::string columns;
        for (const auto& column : process_column_facts()) {
            if (column.lifelong && column.shown) columns += ", p." + std::string(column.column());
        }
        return with_columns(kFactsOfLife, columns);
    }();
    return sql;
}

template <typename Value>
void read_fact(const Row& row, int column, Value& out) {
    if constexpr (std::is_same_v<Value, std::string>) {
        out = row.text(column);
    } else if constexpr (std::is_same_v<Value, std::int32_t>) {
        out = row.int4(column);
    } else {
        static_assert(std::is_same_v<Value, std::optional<std::int32_t>>);
        out = row.optional_int4(column);
    }
}

ProcessFacts::Fact fact_of(const Row& row) {
    ProcessFacts::Fact fact;
    fact.started_at = row.optional_timestamp(1);
    int at = 2;
    for_each_process_column([&]<std::size_t I>() {
        constexpr auto column = process_column<I>();
        if constexpr (column.lifelong && column.shown) {
            read_fact(row, at++, fact.process.*column.member);
        }
    });
    return fact;
}

template <std::size_t I>
void set_figure(chorus::ProcessSample& process, std::int64_t figure) {
    constexpr auto column = process_column<I>();
    auto& value = process.*column.member;
    if (figure == kUnknown) return;
    if constexpr (column.type == ColumnType::state) {
        value = process_state_from_letter(static_cast<char>(figure));
    } else if constexpr (column.type == ColumnType::real) {
        value = decimal_of(real_of_figure(figure));
    } else {
        using Number = typename std::remove_reference_t<decltype(value)>::value_type;
        value = static_cast<Number>(figure);
    }
}

template <std::size_t I>
std::optional<double> number(const ProcessFigures& figures) {
    const auto figure = figures[figure_index<I>()];
    if (figure == kUnknown) return std::nullopt;
    if constexpr (process_column<I>().type == ColumnType::real) {
        return real_of_figure(figure);
    } else {
        return static_cast<double>(figure);
    }
}

// As sort_terms() of process_sql.cpp.
std::optional<double> sort_key(const ProcessFigures& figures, const TableHead& head,
                               ProcessSort sort) {
    const auto rss = number<process_column_index("memory_rss_bytes")>(figures);
    switch (sort) {
        case ProcessSort::timestamp:
            return std::nullopt;
        case ProcessSort::cpu_percent:
            return number<process_column_index("cpu_percent")>(figures);
        case ProcessSort::memory_mb:
            return rss;
        case ProcessSort::memory_percent:
            break;
    }
    if (const auto own = number<process_column_index("memory_percent")>(figures)) return own;
    const auto total = head.memory_total_bytes.value_or(0);
    if (!rss || total == 0) return std::nullopt;
    return 100.0 * *rss / static_cast<double>(total);
}

}  // namespace

void add_process_filters(Parameters& parameters, const ProcessFilter& filter) {
    parameters.text(filter.name_pattern)
        .int4(filter.pid)
        .text(filter.username_pattern)
        .text(filter.unit_pattern)
        .text(filter.container_pattern);
}

void ProcessFacts::load(Session& session, const ProcessFilter& filter,
                        std::span<const std::int64_t> refs) {
    std::vector<std::int64_t> unknown;
    for (const auto ref : refs) {
        if (facts_.try_emplace(ref).second) unknown.push_back(ref);
    }
    if (unknown.empty()) return;
    Parameters parameters;
    add_process_filters(parameters, filter);
    parameters.int8_array(std::span<const std::int64_t>{unknown});
    for (const auto row : session.execute_once(facts_sql(), parameters)) {
        facts_[row.int8(0)] = fact_of(row);
    }
}

const ProcessFacts::Fact* ProcessFacts::find(std::int64_t ref) const {
    const auto at = facts_.find(ref);
    return at == facts_.end() || !at->second ? nullptr : &*at->second;
}

void ProcessFacts::trim() {
    if (facts_.size() > kMostFacts) facts_.clear();
}

ProcessRow row_of_figures(const ProcessFacts::Fact& fact, const ProcessFigures& figures,
                          const TableHead& head, const TablePlace& place, ProcessSort sort) {
    ProcessRow row;
    row.time = head.time;
    row.created_at = head.time + head.delay;
    row.cursor = {row.time, place.host_id, static_cast<std::int32_t>(figures[kPositionFigure])};
    row.id = sample_id(row.time, place.host_id, SampleKind::process, row.cursor.position);
    row.hostname = place.hostname;
    row.started_at = fact.started_at;
    row.process = fact.process;
    row.sort_key = sort_key(figures, head, sort);
    for_each_process_column([&]<std::size_t I>() {
        if constexpr (!process_column<I>().lifelong) {
            set_figure<I>(row.process, figures[figure_index<I>()]);
        }
    });
    row.process.memory_percent = derived_percent(row.process, head.memory_total_bytes);
    return row;
}

}  // namespace chorus::store
