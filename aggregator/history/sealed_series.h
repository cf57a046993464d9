// Series over a range, out of the days that are packed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/postgres/session.h"
#include "aggregator/sealed/damage.h"
#include "aggregator/sealed/series_codec.h"
#include "common/timestamp.h"

namespace chorus::store {

struct SealedSeriesName {
    std::int32_t series_id = 0;
    std::string metric_type;
    std::string label;
    std::string unit;
    std::string tags_json;
};

struct SealedRange {
    std::int32_t host_id = 0;
    std::vector<std::string> metric_types;
    std::optional<std::string> label;  // nullopt = every label
    Timestamp start;                   // inclusive
    Timestamp end;                     // inclusive
    std::chrono::seconds step{60};     // buckets start at its multiples since 1970
    OnDamage on_damage = OnDamage::skip;
};

// What one piece of a bucket adds to it.
struct SealedPiece {
    const SealedSeriesName& series;  // valid during the call
    std::int64_t bucket = 0;         // number of steps since 1970
    HourRollup values;               // count is at least 1
};

// Calls `take` for what each bucket gets, in no order, each bucket any number of times. Hours that
// lie whole in the range and in one bucket come from their rollups, without a look at the values.
// One statement if the host has no packed day in the range, else three. To be called in a
// HistorySnapshot. Throws DatabaseError, DamagedRow.
void read_sealed(Session& session, const SealedRange& range,
                 const std::function<void(const SealedPiece&)>& take);

}  // namespace chorus::store
