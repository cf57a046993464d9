// What a batch does not tell, and what it tells under another label: counted, and logged once.
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>

#include "agent/collect/metric_sink.h"

namespace chorus::agent {

// Kept from cycle to cycle, so that a count which was told once goes back to 0 rather than away.
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
