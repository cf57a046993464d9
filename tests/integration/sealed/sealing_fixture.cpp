#include "tests/integration/sealed/sealing_fixture.h"

namespace chorus::store {

// Puts the day together again out of what is packed.
Batches Sealing::packed(std::int32_t host, sys_days on) {
    const auto session = database_.pool().acquire();
    const auto key = Parameters{}.date(on).int4(host);
    const auto stored = session->execute_once(
        "SELECT batches, times, delay_low, delays, hashes, layout_ids FROM "
        "monitoring.sealed_batches"
        " WHERE day = $1 AND host_id = $2",
        key);
    if (stored.empty()) return {};
    const auto batches = read_batches(stored[0], 1);
    const auto hours = read_hours(stored[0], 0);
    std::map<std::int32_t, std::vector<double>> series;
    for (const auto row :
         session->execute_once("SELECT series_id, multiplier, divisor, low, high, sum, count, "
                               "hours, counts, width, bits,"
                               " plain"
                               " FROM monitoring.sealed_series WHERE day = $1 AND host_id = $2",
                               key)) {
        unpack_hours(read_series(row, 1, hours), hours, 0, kHoursOfDay, series[row.int4(0)]);
    }
    std::map<std::int32_t, std::vector<std::int32_t>> layouts;
    for (const auto row : session->execute_once(
             "SELECT e.layout_id, s.series_id FROM monitoring.layout_entries e JOIN"
             " monitoring.series s USING (metric_type, label, unit) ORDER BY 1, e.position")) {
        layouts[row.int4(0)].push_back(row.int4(1));
    }
    Batches result;
    for (std::size_t i = 0; i < batches.times.size(); ++i) {
        std::vector<double> values;
        for (const auto id : layouts[batches.layout_ids[i]]) {
            const auto found = series.find(id);
            values.push_back(found == series.end() ? kNoSample : found->second[i]);
        }
        result.emplace_back(batches.times[i], batches.times[i] + batches.delays[i],
                            batches.hashes[i], batches.layout_ids[i], bits_of(values));
    }
    return result;
}

}  // namespace chorus::store
