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

// SELECT 1. Throws DatabaseUnavailable.
void ping(Database& database);

}  // namespace chorus::store
