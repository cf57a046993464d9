// Counts what a batch leaves out and what it reports under another label. Logs each once.
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>

#include "agent/collect/support/metric_sink.h"

namespace chorus::agent {

// Lives from cycle to cycle. So a count that was reported once goes back to 0 and does not vanish.
class Omissions {
  public:
    // To be called last in a cycle. `layout` and `values` are those that `out` fills.
    void tell(const std::vector<SeriesKey>& layout, const std::vector<double>& values,
              MetricSink& out);

  private:
    std::set<std::string, std::less<>> sources_;  // that ever had too many
    bool relabelled_ = false;                     // ever
};

}  // namespace chorus::agent
