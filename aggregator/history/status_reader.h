// Facts about the database for /ready, /status and `check db`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "aggregator/postgres/database.h"

namespace chorus::store {

// Settings without which a committed batch may be lost when the machine loses power.
struct Durability {
    bool durable = true;
    std::vector<std::string> faults;  // "fsync is off"
};
Durability read_durability(Database& database);

// Numbers of rows: PostgreSQL's estimates, and exact ones for small tables.
struct RecordCounts {
    std::int64_t hosts = 0;
    std::int64_t system_batches = 0;   // estimate
    std::int64_t process_batches = 0;  // estimate
    std::int64_t processes = 0;        // estimate
    std::int64_t alerts = 0;
    std::int64_t alert_rules = 0;
    std::int64_t database_bytes = 0;
};
RecordCounts read_record_counts(Database& database);

// SELECT 1. Throws DatabaseUnavailable.
void ping(Database& database);

}  // namespace chorus::store
