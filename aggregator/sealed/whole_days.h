// Sums and bounds of whole packed days, out of what the rows of series say of their day. To be
// called in a HistorySnapshot.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "aggregator/postgres/session.h"
#include "aggregator/sealed/sealed_reader.h"
#include "aggregator/sealed/series_codec.h"

namespace chorus::store {

using HostsOfDays = std::map<std::chrono::sys_days, std::vector<std::int32_t>>;

struct WholeDays {
    std::span<const std::chrono::sys_days> days;
    std::optional<std::int32_t> host_id;  // nullopt = all
    std::span<const std::int32_t> series_ids;
    const HostsOfDays& left_out;
};

using TakeSum =
    std::function<void(std::int32_t host_id, std::int32_t series_id, const HourRollup& sum)>;
// Each series of a host any number of times. Damaged rows are left out. Asks `time` between, and
// throws DatabaseError.
void read_whole_days(Session& session, const WholeDays& wanted, const AnswerTime& time,
                     const TakeSum& take);

}  // namespace chorus::store
