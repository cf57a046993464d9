// The figures of a process in one process table, as whole numbers: what packed process tables hold.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "aggregator/sealed/processes/figure_codec.h"
#include "common/batch/process_columns.h"

namespace chorus::store {

// One figure for each column that may change in a process's life, in the order of the declaration,
// after the process's place in the table. New columns come last.
consteval std::size_t count_figures() {
    std::size_t figures = 1;
    for_each_process_column(
        [&]<std::size_t I>() { figures += process_column<I>().lifelong ? 0 : 1; });
    return figures;
}
inline constexpr std::size_t kProcessFigureCount = count_figures();
inline constexpr std::size_t kPositionFigure = 0;  // counts from 1

// Bytes where a column has two forms in the database, the letter of a state, the bits of a float;
// else the number itself. kUnknown where the column has no figure.
using ProcessFigures = std::array<std::int64_t, kProcessFigureCount>;

// The number of a column of floats.
inline float real_of_figure(std::int64_t figure) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(figure));
}

// The place of a column's figure. The column must not stay the same for a life.
template <std::size_t I>
consteval std::size_t figure_index() {
    static_assert(!process_column<I>().lifelong);
    std::size_t figures = 1, at = 0;
    for_each_process_column([&]<std::size_t J>() {
        if constexpr (J == I) at = figures;
        figures += process_column<J>().lifelong ? 0 : 1;
    });
    return at;
}

inline constexpr std::array<FigureType, kProcessFigureCount> kFigureTypes = [] {
    std::array<FigureType, kProcessFigureCount> types{};
    for_each_process_column([&]<std::size_t I>() {
        if constexpr (!process_column<I>().lifelong) {
            if (process_column<I>().type == ColumnType::real) {
                types[figure_index<I>()] = FigureType::real;
            }
        }
    });
    return types;
}();

}  // namespace chorus::store
