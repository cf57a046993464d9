// From a series' label to the `tags` object of the API, the cache and the views.
#pragma once

#include <string>

#include "common/batch/batch.h"

namespace chorus {

// {"mountpoint":"/var"}: the catalogue names what a metric's label means; {"label":"…"} if it does
// not know the metric; {} without a label.
std::string series_tags_json(const SeriesKey& series);

}  // namespace chorus
