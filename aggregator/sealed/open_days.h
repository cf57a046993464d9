// What there is to do: days that are over, and what came late for days that have moved.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "aggregator/postgres/parameters.h"
#include "aggregator/postgres/result.h"
#include "aggregator/postgres/session.h"

namespace chorus::store {

// Days whose rows still lie in system_batches and that ended at least `after` ago by PostgreSQL's
// clock, oldest first. Not a day that has the newest batch of a host that was heard of within a
// day: readers of what is newest look into system_batches alone. All functions here throw
// DatabaseError.
std::vector<std::chrono::sys_days> due_days(Session& session, std::chrono::hours after);

// The same, and those that such a host keeps for now.
std::vector<std::chrono::sys_days> waiting_days(Session& session, std::chrono::hours after);
// How many days are packed.
std::int64_t count_moved_days(Session& session);

// An aggregator that knows an older schema of this database, for people; "" if there is none. It
// might not know what is packed, and began before the schema was brought up to date. Sessions are
// told apart by the number behind the slash of their application_name.
std::string older_aggregator(Session& session);

// Hosts of such a day that are not packed yet, or got late batches since.
std::vector<std::int32_t> hosts_to_pack(Session& session, std::chrono::sys_days day);

// The same, and those of which not as much is packed as lies there. Does not trust the marks alone,
// and reads the whole index of the day. Hosts that are removed count for nothing.
std::vector<std::int32_t> hosts_that_differ(Session& session, std::chrono::sys_days day);

// Whether a host that has rows in the day got late batches since it was packed. Reads little.
bool has_marks(Session& session, std::chrono::sys_days day);

// Hosts and days that have moved and got late batches since. Not the days that may have a host's
// newest values: readers of the newest day look into system_batches alone. So a host whose clock is
// days behind keeps its rows there until its clock goes right, or it is silent for a day.
std::vector<std::pair<std::int32_t, std::chrono::sys_days>> late_host_days(Session& session);

// What statements like these answer: days; hosts; hosts and days.
std::vector<std::chrono::sys_days> read_days(const Result& rows);
std::vector<std::int32_t> read_hosts(const Result& rows);
std::vector<std::pair<std::int32_t, std::chrono::sys_days>> read_host_days(const Result& rows);

// "20260131", as the names of partitions end.
std::string partition_suffix(std::chrono::sys_days day);
// Begin and end of the day as timestamps, then the day.
Parameters range_of(std::chrono::sys_days day);

}  // namespace chorus::store
