// A UTC day of one series by the hour, in few bytes: what is kept for years.
//
// All numbers but floating-point ones are variable-length integers (LEB128), signed ones by zigzag.
// First a byte that says the kind. Then the samples of each hour, as pairs of a number and of how
// many hours in a row have it. Of each hour that has samples then follows:
//   steps:     low as the difference to the hour before, high - low, and, if that is not 0, total;
//              before the first hour the multiplier and the divisor; see series_codec.h
//   constant:  the same, and one `low` for all hours
//   plain:     minimum, maximum and sum as they are
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "aggregator/sealed/series_codec.h"

namespace chorus::store {

using DayOfHours = std::array<HourRollup, kHoursOfDay>;

std::string encode_hours(const PackedSeries& series, const HourStarts& starts);
// What rollup() says of each hour, bit for bit. Throws DamagedRow.
DayOfHours decode_hours(std::string_view bytes);

// What all of these hours come to.
void add_rollup(HourRollup& to, const HourRollup& more);
HourRollup whole_day(const DayOfHours& hours);

}  // namespace chorus::store
