// A value for every column of a process.
#pragma once

#include <limits>
#include <string>
#include <type_traits>

#include "common/batch/process_columns.h"

namespace chorus::test {

// Some value within the bounds of the column, and another one than `value` is.
template <std::size_t I, typename Value>
void change_value(Value& value) {
    constexpr auto column = process_column<I>();
    if constexpr (column.type == ColumnType::text) {
        value += "x";
    } else if constexpr (column.type == ColumnType::state) {
        value = value == ProcessState::zombie ? ProcessState::idle : ProcessState::zombie;
    } else if constexpr (column.needed) {
        value += 1;
    } else if constexpr (std::is_integral_v<typename Value::value_type>) {
        using Number = typename Value::value_type;
        const Number old = value.value_or(0);
        value = static_cast<Number>(old == std::numeric_limits<Number>::max() ? old - 1 : old + 1);
    } else {
        value = value.value_or(0) + 1;
    }
}

template <std::size_t I>
void change_column(ProcessSample& process) {
    change_value<I>(process.*process_column<I>().member);
}

}  // namespace chorus::test
