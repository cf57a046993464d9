#include "aggregator/schema/process_values.h"

#include <algorithm>
#include <stdexcept>

#include "common/batch/process_columns.h"

namespace chorus::store {
namespace {

const ProcessColumnFacts& column_of(std::string_view name) {
    const auto columns = process_column_facts();
    const auto at = std::find_if(columns.begin(), columns.end(),
                                 [&](const auto& column) { return column.name == name; });
    if (at == columns.end()) throw std::out_of_range("no column " + std::string(name));
    return *at;
}

std::string element(std::string_view array, ProcessElements elements) {
    return elements == ProcessElements::unfolded ? "u." + std::string(array)
                                                 : "b." + std::string(array) + "[u.position]";
}

std::string value_of(const ProcessColumnFacts& column, ProcessElements elements) {
    if (column.lifelong) return "p." + std::string(column.column());
    if (column.type == ColumnType::state && elements == ProcessElements::picked) {
        return "substr(b." + std::string(column.column()) + ", u.position, 1)";
    }
    const std::string narrow = element(column.column(), elements);
    if (column.stored_wide.empty()) return narrow;
    return "coalesce(" + element(column.stored_wide, elements) + ", " + narrow + "::bigint * " +
           std::to_string(column.stored_unit) + ")";
}

}  // namespace

std::string process_value(std::string_view name, ProcessElements elements) {
    return value_of(column_of(name), elements);
}

std::string memory_percent(ProcessElements elements) {
    return "coalesce(" + process_value("memory_percent", elements) + "::float8, 100.0::float8 * " +
           process_value("memory_rss_bytes", elements) + " / nullif(b.memory_total_bytes, 0))";
}

std::string process_columns(ProcessElements elements) {
    std::string list;
    for (const auto& column : process_column_facts()) {
        if (!column.shown) continue;
        if (!list.empty()) list += ", ";
        list += value_of(column, elements) + " AS \"" + std::string(column.name) + '"';
    }
    return list;
}

std::string process_arrays() {
    std::string arrays = "unnest(b.refs), unnest(b.refs_wide)", names = "ref, ref_wide";
    const auto add = [&](std::string_view column, bool letters) {
        const std::string array = "b." + std::string(column);
        arrays += letters ? ", string_to_table(" + array + ", NULL)" : ", unnest(" + array + ")";
        names += ", " + std::string(column);
    };
    for (const auto& column : process_column_facts()) {
        if (column.lifelong) continue;
        add(column.column(), column.type == ColumnType::state);
        if (!column.stored_wide.empty()) add(column.stored_wide, false);
    }
    return "ROWS FROM (" + arrays + ") WITH ORDINALITY AS u(" + names + ", position)";
}

}  // namespace chorus::store
