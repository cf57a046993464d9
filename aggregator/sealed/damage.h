// Rows of packed days whose columns do not fit together, as a disk or a statement by hand may leave
// them. They cost what they hold, and not whole answers.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>

#include "aggregator/postgres/session.h"

namespace chorus::store {

class DamagedRow : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// The row with a host's batches of a day, or with one of its series.
struct PackedRow {
    std::int32_t host_id = 0;
    std::chrono::sys_days day;
    std::optional<std::int32_t> series_id;
};

enum class OnDamage {
    skip,  // the row is left out, counted, and told in the log: once, and of 256 rows at most
    fail,  // throws a DamagedRow that names host, day and series
};

// What becomes of a row that is found to be damaged.
void handle_damage(Session& session, const PackedRow& row, OnDamage on_damage);

// Runs `read`, which decodes the row. False if the row was left out.
template <typename Read>
bool read_packed_row(Session& session, const PackedRow& row, OnDamage on_damage, Read&& read) {
    try {
        read();
        return true;
    } catch (const DamagedRow&) {
    } catch (const std::out_of_range&) {  // a number in it leads nowhere
    }
    handle_damage(session, row, on_damage);
    return false;
}

// How often a row was left out since the program began. Thread-safe.
std::uint64_t damaged_rows_left_out();

}  // namespace chorus::store
