// Batches of a scope in days that have moved, and the values of their series.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "aggregator/alert_store/sample_scope.h"
#include "aggregator/postgres/session.h"
#include "aggregator/sealed/sealed_reader.h"
#include "common/timestamp.h"

namespace chorus::store {

// Positions of the series wanted of a layout, in order, by layout.
using WantedPositions = std::map<std::int32_t, std::vector<std::int32_t>>;

// Batches that have wanted series, in no order. `values` has the values at the wanted positions of
// the layout, one batch after the other. NaN = could not be read.
struct SampleRows {
    std::vector<std::int32_t> host_ids;
    std::vector<std::int32_t> layout_ids;
    std::vector<Timestamp> times;  // the host's own
    std::vector<Timestamp> received;
    std::vector<std::size_t> offsets;  // into values
    std::vector<double> values;
};

// To be used within one HistorySnapshot. Damaged rows are left out. Throws DatabaseError.
class SealedSamples {
  public:
    // Reads which batches there are: one statement if none of the scope's days has moved.
    SealedSamples(Session& session, const SampleScope& scope);

    void add_layouts(std::set<std::int32_t>& layouts) const;
    void add_receipts(std::vector<Timestamp>& receipts) const;
    // Reads the values.
    void add_samples(const WantedPositions& wanted, SampleRows& rows) const;

  private:
    // One host, or all but those that are looked up apart.
    struct Look {
        std::optional<std::int32_t> host_id;
        std::chrono::microseconds before, behind;
        std::optional<std::chrono::microseconds> width;
    };
    struct Batch {
        std::uint32_t number = 0;  // within the host's day, from 0
        Timestamp time, received;
        std::int32_t layout_id = 0;
    };
    // Of one host and day.
    struct HostPart {
        std::int32_t host_id = 0;
        std::chrono::sys_days day;
        std::uint32_t of_day = 0;    // batches of the host's day
        std::vector<Batch> batches;  // in order of time
    };

    Timestamp end_of(const TimeRange& range, const Look& look) const;
    bool takes(const Look& look, Timestamp time, Timestamp received) const;
    std::vector<SealedHours> hours_of_day(const Look& look, std::chrono::sys_days day) const;
    void read(const Look& look, const std::vector<std::chrono::sys_days>& days);

    Session& session_;
    const SampleScope& scope_;
    std::set<std::int32_t> apart_;
    std::vector<HostPart> parts_;
};

}  // namespace chorus::store
