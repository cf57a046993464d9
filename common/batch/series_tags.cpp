#include "common/batch/series_tags.h"

#include "common/batch/catalogue.h"
#include "common/json_writer.h"

namespace chorus {

std::string series_tags_json(const SeriesKey& series) {
    if (series.label.empty()) return "{}";
    const MetricInfo* known = find_metric(series.metric_type);
    const bool named = known != nullptr && !known->label_name.empty();
    return JsonWriter{}
        .begin_object()
        .field(named ? known->label_name : std::string_view{"label"}, series.label)
        .end_object()
        .take();
}

}  // namespace chorus
