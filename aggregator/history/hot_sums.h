// Sums and bounds of the whole-host metrics, out of the rows of system_batches. What one reader has
// added up is kept for the next one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "aggregator/postgres/session.h"
#include "aggregator/sealed/series_codec.h"
#include "common/timestamp.h"

namespace chorus::store {

// By host_id, then by metric_type. Only what has a sample.
using HostSums = std::map<std::int32_t, std::map<std::string, HourRollup>>;

// Any number of threads. What a host has within a quarter of an hour is kept with the number of
// batches and the times of the first and the last. Until its day moves, batches are only ever
// added, so that it stays right as long as these are the same. They are looked up each time, and
// the batches themselves are read only if they have changed.
class HotSums {
  public:
    static constexpr std::size_t kMostKept = 1U << 20U;

    // About so many figures are kept, of 48 bytes each: the newest ones. What does not fit is added
    // up each time.
    explicit HotSums(std::size_t most_kept) : most_kept_(most_kept) {}

    // Adds the batches that were both measured and received at `since` or later, of one host or
    // all. `moved` are all days from then on that are packed; what lies in system_batches of them
    // is late, and is never kept. To be called in a HistorySnapshot. Throws DatabaseError.
    void add_to(HostSums& sums, Session& session, std::optional<std::int32_t> host_id,
                Timestamp since, const std::vector<std::chrono::sys_days>& moved);

  private:
    using Slot = std::pair<Timestamp, std::int32_t>;  // its begin, and the host
    struct Batches {
        std::int64_t number = 0;
        Timestamp first, last;
        friend bool operator==(const Batches&, const Batches&) = default;
    };
    struct Kept {
        Batches batches;
        Timestamp first_received = Timestamp::max();
        std::vector<std::pair<const std::string*, HourRollup>> sums;  // the metrics are in metrics_

        // In figures. A host that sends none of the whole host takes room, too.
        std::size_t room() const { return sums.size() + 1; }
    };
    using Found = std::map<Slot, Batches>;
    // The metric of each element of a batch, by layout; nullptr where it is not of the whole host.
    using Layouts = std::map<std::int32_t, std::vector<const std::string*>>;

    // Some hosts of one slot, as far as it lies behind `since`.
    struct Slots {
        Timestamp from;
        std::map<std::int32_t, Batches> hosts;
        Timestamp since;
        bool may_keep = false;
    };

    // Takes out of `found` what need not be read.
    void take_kept(Found& found, HostSums& sums, Timestamp since);
    void read_layouts(Session& session, Layouts& layouts, const std::set<std::int32_t>& wanted);
    void read_slots(const Slots& slots, Layouts& layouts, HostSums& sums, Session& session);
    void keep(const Slot& slot, Kept kept);
    void forget(std::map<Slot, Kept>::iterator which);  // nothing if it is the end

    const std::size_t most_kept_;
    std::mutex mutex_;  // guards what follows; texts in metrics_ stay as long as the object
    std::map<Slot, Kept> kept_;
    std::size_t room_ = 0;  // of all in kept_
    std::set<std::string> metrics_;
};

}  // namespace chorus::store
