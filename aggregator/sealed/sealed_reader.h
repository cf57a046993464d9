// Reads days that have moved: their batches, and the values of chosen series. To be called in a
// HistorySnapshot. Everything here throws DatabaseError. A damaged row is left out, or with
// OnDamage::fail it throws DamagedRow.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "aggregator/postgres/session.h"
#include "aggregator/sealed/damage.h"
#include "aggregator/sealed/series_codec.h"
#include "common/timestamp.h"

namespace chorus::store {

// About so many values of packed series are held at a time.
inline constexpr std::size_t kPackedValuesAtATime = 4U << 20U;

// Bounds an answer that takes many statements as statement_timeout bounds one.
class AnswerTime {
  public:
    // Throws DatabaseError (query_canceled) once five seconds have passed since the object was
    // made.
    void check() const;

  private:
    const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

// The days that have moved, of those that the range touches; both ends included. In order.
std::vector<std::chrono::sys_days> find_sealed_days(Session& session, Timestamp first,
                                                    Timestamp last);

// The clock hours [first, last) of a day.
struct SealedHours {
    std::chrono::sys_days day;
    int first = 0;
    int last = kHoursOfDay;
};

// Batches of one host within such hours, in order of time. The vectors are equally long.
struct HostBatches {
    std::int32_t host_id = 0;
    HourStarts starts{};      // of the whole day
    std::uint32_t first = 0;  // the number that the first one has in the day, from 0
    std::vector<Timestamp> times;
    std::vector<Timestamp> received;
    std::vector<std::int32_t> layout_ids;
};
// Of one host or of all; hosts without a batch then are left out.
std::vector<HostBatches> read_sealed_batches(Session& session, const SealedHours& hours,
                                             std::optional<std::int32_t> host_id,
                                             OnDamage on_damage = OnDamage::skip);

// The same of certain hosts, as far as charts need it.
struct HostTimes {
    std::int32_t host_id = 0;
    HourStarts starts{};  // of the whole day
    std::vector<Timestamp> times;
};
std::vector<HostTimes> read_sealed_times(Session& session, const SealedHours& hours,
                                         std::span<const std::int32_t> host_ids);

struct SeriesOfDay {
    std::int32_t host_id = 0;
    std::chrono::sys_days day;
    std::int32_t series_id = 0;
    std::uint32_t batches = 0;  // that the host has on that day; bounds what is read at a time
};
// `wanted` is an index. A series without a value on that day is left out. May throw DamagedRow.
using TakeSeries =
    std::function<void(std::size_t wanted, const HourStarts& starts, const PackedSeries& series)>;
// In no order. Holds the rows of about four million values at a time.
void read_packed_series(Session& session, std::span<const SeriesOfDay> wanted,
                        const TakeSeries& take, OnDamage on_damage = OnDamage::skip);

// The hour of a day in which the batch of that number lies.
int hour_of_batch(const HourStarts& starts, std::uint32_t number);

}  // namespace chorus::store
