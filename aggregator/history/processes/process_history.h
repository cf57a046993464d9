// One process over time (GET /processes/series).
#pragma once

#include <optional>
#include <string>

#include "aggregator/history/series_reader.h"

namespace chorus::store {

struct ProcessHistoryQuery {
    std::string hostname;
    std::int32_t process_id = 0;
    // The start of the process, to two seconds, if several processes had the PID. nullopt = the one
    // that began last.
    std::optional<Timestamp> started_at;
    Timestamp start;  // inclusive
    Timestamp end;    // inclusive
    int max_points = 300;
};

class ProcessHistoryReader {
  public:
    explicit ProcessHistoryReader(Database& database) : database_(database) {}

    // Columns cpu_percent (of one core), memory_mb, num_threads, fd_count, disk_read_bytes and
    // disk_write_bytes (since the process began). nullopt: no such process was ever stored.
    std::optional<SeriesAnswer> read(const ProcessHistoryQuery& query) const;

  private:
    Database& database_;
};

}  // namespace chorus::store
