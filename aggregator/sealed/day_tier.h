// What is stored by day and packed once a day is over, as far as the job that packs has to know.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "aggregator/postgres/session.h"
#include "aggregator/sealed/host_day.h"
#include "aggregator/sealed/move_day.h"

namespace chorus::store {

// Functions as those of open_days.h, host_day.h and move_day.h.
struct DayTier {
    std::string_view what;  // for the log
    std::vector<std::chrono::sys_days> (*due_days)(Session& session, std::chrono::hours after);
    std::vector<std::chrono::sys_days> (*waiting_days)(Session& session, std::chrono::hours after);
    // Makes the partitions in which the day is packed.
    void (*make_partitions)(Session& session, std::chrono::sys_days day);
    std::vector<std::int32_t> (*hosts_to_pack)(Session& session, std::chrono::sys_days day);
    std::vector<std::int32_t> (*hosts_that_differ)(Session& session, std::chrono::sys_days day);
    std::optional<PackedDay> (*pack)(Session& session, std::int64_t epoch, std::int32_t host_id,
                                     std::chrono::sys_days day, Hot hot);
    Move (*move)(Session& session, std::int64_t epoch, std::chrono::sys_days day, Proof proof);
    std::vector<std::pair<std::int32_t, std::chrono::sys_days>> (*late_host_days)(Session& session);
    // How many days are packed.
    std::int64_t (*count_moved)(Session& session);
    bool has_history = false;  // hours and days that are kept for years, see history_fill.h
};

// system_batches.
const DayTier& metric_days();

// Where the packing stands, for people.
struct SealBacklog {
    std::int64_t moved = 0;    // days that are packed
    std::int64_t waiting = 0;  // days that will be, also those that a host keeps for now
    std::optional<std::chrono::sys_days> oldest_waiting;
};
// Throws DatabaseError.
SealBacklog read_backlog(Session& session, std::chrono::hours after,
                         const DayTier& tier = metric_days());

}  // namespace chorus::store
