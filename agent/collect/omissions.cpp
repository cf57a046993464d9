#include "agent/collect/omissions.h"

#include "common/log.h"

namespace chorus::agent {
namespace {

constexpr Logger kOmissionsLog{"collect"};

}  // namespace

void Omissions::tell(const std::vector<SeriesKey>& layout, const std::vector<double>& values,
                     MetricSink& out) {
    out.left_out("series", out.without_room());
    std::set<std::string, std::less<>> told;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (layout[i].metric_type != kLeftOutMetric) continue;
        const std::string& source = layout[i].label;
        told.insert(source);
        if (!sources_.insert(source).second) continue;
        kOmissionsLog.warning(
            "There are more of these than are told one by one",
            {{"source", source}, {"left_out", static_cast<std::int64_t>(values[i])}});
    }
    for (const std::string& source : sources_) {
        if (!told.contains(source)) out.add(kLeftOutMetric, source, "count", 0);
    }
    if (out.relabelled() > 0 && !relabelled_) {
        relabelled_ = true;
        kOmissionsLog.warning(
            "Some labels were changed: they were given twice, too long or not printable",
            {{"series", out.relabelled()}});
    }
    if (relabelled_) {
        out.add("agent_relabelled_series_count", "count", static_cast<double>(out.relabelled()));
    }
}

}  // namespace chorus::agent
