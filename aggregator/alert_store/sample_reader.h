// Reads the samples of windows of alert rules, by a few statements, whatever the number of rules
// and hosts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "aggregator/alert_store/sample_scope.h"
#include "aggregator/alert_store/sealed_samples.h"
#include "aggregator/postgres/session.h"
#include "aggregator/sealed/history_snapshot.h"
#include "common/timestamp.h"

namespace chorus::store {

// Looks at one moment of what is stored. Used by one thread, and for a short time: see
// HistorySnapshot. Throws DatabaseError.
class SampleReader {
  public:
    // `scope` must outlive it.
    SampleReader(Session& session, const SampleScope& scope)
        : session_(session), scope_(scope), snapshot_(session), sealed_(session, scope) {}

    // The layouts of the batches in the scope, in order.
    std::vector<std::int32_t> layouts_in_use();
    SampleRows samples(const WantedPositions& wanted);

  private:
    Session& session_;
    const SampleScope& scope_;
    const HistorySnapshot snapshot_;
    const SealedSamples sealed_;
};

}  // namespace chorus::store
