// Writes hours and days of what is packed, which are kept for longer than the values.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "aggregator/postgres/session.h"
#include "aggregator/sealed/hour_codec.h"
#include "aggregator/sealed/series_codec.h"

namespace chorus::store {

// One day of one host. To be called in the transaction that packs it, by the leader alone. Makes
// the partitions that it needs. Everything throws DatabaseError.
class HistoryWriter {
  public:
    HistoryWriter(Session& session, std::int32_t host_id, std::chrono::sys_days day)
        : session_(session), host_id_(host_id), day_(day) {}

    // A series that has a value on that day. Keeps about 250 bytes until flush().
    void add(std::int32_t series_id, const PackedSeries& series, const HourStarts& starts);
    // Puts what was added in the place of what was known of these series on that day.
    void flush();
    // All series are written: the day is no longer pending.
    void finish();

  private:
    void write_hours();
    void write_days();

    Session& session_;
    const std::int32_t host_id_;
    const std::chrono::sys_days day_;
    bool ensured_ = false;  // the partitions
    std::vector<std::int32_t> series_;
    std::vector<std::string> hours_;  // encoded
    std::vector<double> minima_, maxima_, sums_;
    std::vector<std::int32_t> counts_;
};

}  // namespace chorus::store
