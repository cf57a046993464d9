// What endpoints share that answer with columns over time.
#pragma once

#include "aggregator/history/series_reader.h"
#include "aggregator/http/parameters.h"
#include "common/json_writer.h"

namespace chorus::api {

struct SeriesRange {
    Timestamp start;  // inclusive
    Timestamp end;    // inclusive
    int max_points = 300;
};

// Reads `start` and `end`, or `hours` (default 24) before `end` (default now), and `max_points`.
// Notes faults; one is a range above `longest`.
SeriesRange read_series_range(http::Parameters& p, Timestamp now, std::chrono::days longest);

// `{"step_seconds", "tier", "coverage", "t", "series"}`; a step without a sample is null.
// With `grouped`, each series says of which host or hosts it is, as `group`.
void write_series(JsonWriter& out, const store::SeriesAnswer& answer, bool grouped = false);

}  // namespace chorus::api
