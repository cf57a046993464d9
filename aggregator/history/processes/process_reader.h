// Reads stored process tables (GET /metrics/processes, /processes/at).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/history/metric_reader.h"
#include "aggregator/postgres/database.h"
#include "common/batch/batch.h"
#include "common/timestamp.h"
#include "common/uuid.h"

namespace chorus::store {

enum class ProcessSort { timestamp, cpu_percent, memory_mb, memory_percent };

struct ProcessQuery {
    std::optional<std::string> hostname;      // exact
    std::optional<std::string> process_name;  // exact, or a glob if it has `*` or `?`
    std::optional<std::int64_t> process_id;
    std::optional<std::string> username, unit, container_id{};  // as the name
    std::optional<Timestamp> start;                             // inclusive
    std::optional<Timestamp> end;                               // inclusive
    bool ascending = false;
    ProcessSort sort = ProcessSort::timestamp;  // unknown values come last in either order
    std::int64_t limit = 100;
    std::int64_t offset = 0;
    std::optional<SampleCursor> after;  // only with sort by timestamp
};

struct ProcessRow {
    Uuid id;
    std::string hostname;
    Timestamp time;
    Timestamp created_at;
    std::optional<Timestamp> started_at;
    chorus::ProcessSample process;  // its start_ticks are not read
    SampleCursor cursor;
    std::optional<double> sort_key{};  // what it was sorted by, unless that was the time
};

// The process table of one host at one moment.
struct ProcessSnapshot {
    std::string hostname;
    Timestamp time;
    Timestamp created_at;
    std::int64_t scanned = 0;                 // processes that the agent saw
    std::optional<std::int64_t> other_count;  // those not listed one by one
    std::optional<double> other_cpu_percent;
    std::optional<double> other_memory_mb;
    std::vector<ProcessRow> rows;  // in the order the agent sent them
};

class ProcessReader {
  public:
    explicit ProcessReader(Database& database) : database_(database) {}

    // If it sorts by anything but time, it looks at the newest snapshot of each host within
    // start..end, or at all snapshots if `start` is given.
    std::vector<ProcessRow> find(const ProcessQuery& query) const;
    std::int64_t count(const ProcessQuery& query) const;

    // The newest table at or before `time`, not older than ten intervals of the host, or five
    // minutes if that is longer. nullopt if the host is unknown or nothing was stored then.
    std::optional<ProcessSnapshot> at(const std::string& hostname, Timestamp time) const;
    // The newest table of a host that still reports. It is at most as old as one of at(), by the
    // clock of the database. nullopt as in at().
    std::optional<ProcessSnapshot> newest(const std::string& hostname) const;
    // The time of the newest stored table, however old it is.
    std::optional<Timestamp> last_time(const std::string& hostname) const;

  private:
    Database& database_;
};

}  // namespace chorus::store
