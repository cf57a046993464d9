#include "aggregator/sealed/sealed_rows.h"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "aggregator/postgres/pg_types.h"

namespace chorus::store {
namespace {

using std::chrono::hours;
// Agents send once a second at most. This leaves room, and bounds what a damaged row may ask for.
constexpr std::int64_t kMostBatchesOfHour = 1'000'000;

using OptionalInts = std::vector<std::optional<std::int64_t>>;

std::int32_t batches_in(const HourStarts& starts, std::size_t hour) {
    return static_cast<std::int32_t>(starts[hour + 1] - starts[hour]);
}

// Each batch of the day has one and the same value.
bool is_constant(const PackedSeries& series, const HourStarts& starts) {
    std::optional<std::int64_t> value;
    for (std::size_t h = 0; h < kHoursOfDay; ++h) {
        const auto& hour = series.hours[h];
        if (hour.count != batches_in(starts, h)) return false;
        if (hour.count == 0) continue;
        if (hour.low != hour.high || hour.low != value.value_or(hour.low)) return false;
        value = hour.low;
    }
    return value.has_value();
}

bool has_gaps(const PackedSeries& series, const HourStarts& starts) {
    for (std::size_t h = 0; h < kHoursOfDay; ++h) {
        if (series.hours[h].count != batches_in(starts, h)) return true;
    }
    return false;
}

// PostgreSQL's varbit: the number of bits, then the bytes. See varbit_send.
std::string varbit(const PackedSeries& series) {
    std::string bytes;
    pg::append(bytes, static_cast<std::int32_t>(series.bit_count));
    return bytes + series.bits;
}

template <typename Pick>
void add_hours(Parameters& row, const PackedSeries& series, Pick pick) {
    OptionalInts values;
    for (const auto& hour : series.hours) {
        values.push_back(hour.count == 0 ? std::nullopt : std::optional{pick(hour)});
    }
    row.int8_array(std::span<const std::optional<std::int64_t>>{values});
}

void add_packed(Parameters& row, const PackedSeries& series, const HourStarts& starts) {
    add_hours(row, series, [](const PackedHour& hour) { return hour.low; });
    add_hours(row, series, [](const PackedHour& hour) { return hour.high; });
    add_hours(row, series, [](const PackedHour& hour) { return hour.total; });
    if (has_gaps(series, starts)) {
        std::vector<std::int32_t> counts;
        for (const auto& hour : series.hours) counts.push_back(hour.count);
        row.int4_array(std::span<const std::int32_t>{counts});
    } else {
        row.raw(pg::kInt4Array, std::nullopt);
    }
    row.raw(pg::kVarbit, series.bit_count == 0 ? std::nullopt : std::optional{varbit(series)});
    row.raw(pg::kFloat8Array, std::nullopt);
}

[[noreturn]] void damaged() {
    throw std::runtime_error("a row of the sealed days is damaged");
}

void read_constant(PackedSeries& series, std::int64_t value, const HourStarts& starts) {
    for (std::size_t h = 0; h < kHoursOfDay; ++h) {
        const auto count = batches_in(starts, h);
        if (count > 0) series.hours[h] = {value, value, 0, count};
    }
}

void read_packed(PackedSeries& series, const OptionalInts& low, const Row& row, int first,
                 const HourStarts& starts) {
    const auto high = row.int8_array(first + 3);
    const auto total = row.int8_array(first + 4);
    const auto counts = row.int8_array(first + 5);
    if (low.size() != kHoursOfDay || high.size() != low.size() || total.size() != low.size() ||
        (!counts.empty() && counts.size() != low.size())) {
        damaged();
    }
    for (std::size_t h = 0; h < kHoursOfDay; ++h) {
        if (!low[h]) continue;
        if (!high[h] || !total[h]) damaged();
        const auto count =
            counts.empty() ? std::optional<std::int64_t>{batches_in(starts, h)} : counts[h];
        series.hours[h] = {*low[h], *high[h], *total[h],
                           static_cast<std::int32_t>(count.value_or(0))};
    }
    if (row.is_null(first + 6)) return;
    const auto bytes = row.raw(first + 6);
    if (bytes.size() < sizeof(std::int32_t)) damaged();
    series.bit_count = static_cast<std::size_t>(pg::load<std::int32_t>(bytes.data()));
    series.bits = bytes.substr(sizeof(std::int32_t));
    if (!is_sound(series, starts)) damaged();
}

}  // namespace

HourStarts hours_of(const std::vector<Timestamp>& times, std::chrono::sys_days day) {
    HourStarts starts{};
    for (std::size_t h = 0; h < starts.size(); ++h) {
        const auto at = std::lower_bound(times.begin(), times.end(),
                                         Timestamp{day} + hours{static_cast<int>(h)});
        starts[h] = static_cast<std::uint32_t>(at - times.begin());
    }
    return starts;
}

Parameters batch_row(std::chrono::sys_days day, std::int32_t host_id, const SealedBatches& batches,
                     const HourStarts& starts) {
    std::vector<std::int32_t> counts;
    for (std::size_t h = 0; h < kHoursOfDay; ++h) counts.push_back(batches_in(starts, h));
    std::vector<std::int64_t> delays;
    for (const auto delay : batches.delays) delays.push_back(delay.count());
    Parameters row;
    row.date(day)
        .int4(host_id)
        .int4_array(std::span<const std::int32_t>{counts})
        .timestamp_array(std::span{batches.times})
        .int8_array(std::span<const std::int64_t>{delays})
        .int8_array(std::span{batches.hashes})
        .int4_array(std::span{batches.layout_ids});
    return row;
}

Parameters series_row(std::chrono::sys_days day, std::int32_t host_id, std::int32_t series_id,
                      const PackedSeries& series, const HourStarts& starts) {
    Parameters row;
    row.date(day).int4(host_id).int4(series_id).int8(series.multiplier).float8(series.divisor);
    if (series.is_plain()) {
        for (int i = 0; i < 3; ++i) row.raw(pg::kInt8Array, std::nullopt);
        row.raw(pg::kInt4Array, std::nullopt).raw(pg::kVarbit, std::nullopt);
        row.float8_array_nan_is_null(series.plain);
    } else if (is_constant(series, starts)) {
        const auto first = std::ranges::find_if(
            series.hours, [](const PackedHour& hour) { return hour.count > 0; });
        const std::vector value{first->low};
        row.int8_array(std::span<const std::int64_t>{value});
        for (int i = 0; i < 2; ++i) row.raw(pg::kInt8Array, std::nullopt);
        row.raw(pg::kInt4Array, std::nullopt).raw(pg::kVarbit, std::nullopt);
        row.raw(pg::kFloat8Array, std::nullopt);
    } else {
        add_packed(row, series, starts);
    }
    return row;
}

SealedBatches read_batches(const Row& row, int first) {
    SealedBatches batches;
    batches.times = row.timestamp_array(first);
    for (const auto delay : row.int8_array(first + 1)) {
        batches.delays.emplace_back(delay.value_or(0));
    }
    for (const auto hash : row.int8_array(first + 2)) batches.hashes.push_back(hash.value_or(0));
    for (const auto id : row.int8_array(first + 3)) {
        batches.layout_ids.push_back(static_cast<std::int32_t>(id.value_or(0)));
    }
    const auto size = batches.times.size();
    if (batches.delays.size() != size || batches.hashes.size() != size ||
        batches.layout_ids.size() != size || !std::ranges::is_sorted(batches.times)) {
        damaged();
    }
    return batches;
}

HourStarts read_hours(const Row& row, int column) {
    const auto counts = row.int8_array(column);
    if (counts.size() != kHoursOfDay) damaged();
    HourStarts starts{};
    for (std::size_t h = 0; h < kHoursOfDay; ++h) {
        const auto count = counts[h].value_or(-1);
        if (count < 0 || count > kMostBatchesOfHour) damaged();
        starts[h + 1] = starts[h] + static_cast<std::uint32_t>(count);
    }
    return starts;
}

PackedSeries read_series(const Row& row, int first, const HourStarts& starts) {
    PackedSeries series;
    series.multiplier = row.int8(first);
    series.divisor = row.float8(first + 1);
    if (series.multiplier < 1 || !(series.divisor >= 1)) damaged();
    if (!row.is_null(first + 7)) {
        series.plain = row.float8_array(first + 7);
        if (!is_sound(series, starts)) damaged();
        return series;
    }
    const auto low = row.int8_array(first + 2);
    if (row.is_null(first + 3)) {
        if (low.size() != 1 || !low[0]) damaged();
        read_constant(series, *low[0], starts);
    } else {
        read_packed(series, low, row, first, starts);
    }
    return series;
}

}  // namespace chorus::store
