// Reads what happened on hosts (GET /events).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/postgres/database.h"
#include "common/timestamp.h"

namespace chorus::store {

struct EventQuery {
    std::optional<std::string> hostname;  // exact
    std::optional<std::string> type;      // exact
    std::optional<Timestamp> start;       // inclusive
    std::optional<Timestamp> end;         // inclusive
    bool ascending = false;
    std::int64_t limit = 100;
    std::int64_t offset = 0;
};

struct EventRow {
    std::int64_t id = 0;
    std::string hostname;
    std::string type;
    Timestamp time;  // by the host's clock
    std::string detail_json;
};

class EventReader {
  public:
    explicit EventReader(Database& database) : database_(database) {}

    std::vector<EventRow> find(const EventQuery& query) const;

  private:
    Database& database_;
};

}  // namespace chorus::store
