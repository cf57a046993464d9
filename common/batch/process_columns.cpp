#include "common/batch/process_columns.h"

namespace chorus {
namespace {

constexpr auto kFacts = []<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<ProcessColumnFacts, kProcessColumnCount>{process_column<I>()...};
}
(std::make_index_sequence<kProcessColumnCount>{});

template <typename Key>
constexpr bool all_differ(Key key) {
    for (std::size_t i = 0; i < kFacts.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (key(kFacts[i]) == key(kFacts[j])) return false;
        }
    }
    return true;
}

template <typename Test>
constexpr std::size_t count_of(Test test) {
    std::size_t count = 0;
    for (const auto& column : kFacts) count += test(column) ? 1 : 0;
    return count;
}

static_assert(all_differ([](const auto& column) { return column.name; }));
static_assert(all_differ([](const auto& column) { return column.shown_name(); }));
static_assert(all_differ([](const auto& column) { return column.column(); }));

// Batches of older agents keep their hashes, so what is new leaves a mark of its own.
constexpr bool is_marked(const ProcessColumnFacts& column) {
    return column.mark != '\0';
}
constexpr std::size_t kUnmarked = 8;
static_assert(count_of([](const auto& c) { return !c.lifelong && !is_marked(c); }) == kUnmarked);
static_assert(count_of([](const auto& c) {
                  return is_marked(c) &&
                         count_of([&](const auto& other) { return other.mark == c.mark; }) > 1;
              }) == 0);

// A value of 64 bits in an array has two columns, and nothing else has.
static_assert(count_of([](const auto& c) {
                  const bool pair = c.type == ColumnType::integer64 && !c.lifelong;
                  return pair ? c.stored_wide.empty() || c.stored_unit == 0
                              : !c.stored_wide.empty() || c.stored_unit != 0;
              }) == 0);

}  // namespace

std::span<const ProcessColumnFacts> process_column_facts() {
    return kFacts;
}

}  // namespace chorus
