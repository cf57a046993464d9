// Reads hours and days that are kept for years. To be called in a HistorySnapshot. Everything here
// throws DatabaseError. A damaged row is left out, or with OnDamage::fail it throws DamagedRow.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/postgres/session.h"
#include "aggregator/sealed/damage.h"
#include "aggregator/sealed/hour_codec.h"
#include "aggregator/sealed/sealed_reader.h"

namespace chorus::store {

struct SeriesName {
    std::int32_t series_id = 0;
    std::string metric_type;
    std::string label;
    std::string unit;
    std::string tags_json;
};
// Of all hosts. Without a label, those of every label.
std::vector<SeriesName> find_series(Session& session, const std::vector<std::string>& metric_types,
                                    const std::optional<std::string>& label);

struct HistorySeries {
    std::vector<std::int32_t> series_ids;
    std::vector<std::int32_t> host_ids;
};
using TakeHours = std::function<void(std::int32_t host_id, std::int32_t series_id,
                                     std::chrono::sys_days day, const DayOfHours& hours)>;
using TakeDay = std::function<void(std::int32_t host_id, std::int32_t series_id,
                                   std::chrono::sys_days day, const HourRollup& values)>;
// Of these days, which must be in order; in no order. Hold about 50,000 rows at a time, and ask
// `time` between.
void read_history_hours(Session& session, const HistorySeries& wanted,
                        const std::vector<std::chrono::sys_days>& days, const AnswerTime& time,
                        const TakeHours& take, OnDamage on_damage = OnDamage::skip);
void read_history_days(Session& session, const HistorySeries& wanted,
                       const std::vector<std::chrono::sys_days>& days, const AnswerTime& time,
                       const TakeDay& take, OnDamage on_damage = OnDamage::skip);

}  // namespace chorus::store
