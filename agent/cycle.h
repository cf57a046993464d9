// One collection, from its start to the packed batch.
#pragma once

#include <cstdint>
#include <vector>

#include "agent/collect/batch_builder.h"
#include "agent/push/send_queue.h"
#include "agent/settings.h"
#include "common/batch/batch.h"
#include "common/clock.h"
#include "common/json_writer.h"

namespace chorus::agent {

class Cycle {
  public:
    // The first sample, which all rates need, is taken here and not sent.
    Cycle(const AgentConfig& config, const Uuid& id, const Uuid& epoch, const Clock& clock,
          const BootClock& boot_clock);

    // Collects, and logs "Metrics collection completed". The reference holds until the next call.
    // Without `processes` the process table is left out of the batch. `services` are the checks
    // since the last batch.
    const Batch& collect(const AgentState& state = {}, bool processes = true,
                         std::vector<AgentServiceCheck> services = {});
    // The JSON of the last collection, until the next call.
    const std::string& json();
    PackedBatch pack();
    void do_less() { builder_.do_less(); }
    const ReadFaults& faults() const { return builder_.faults(); }

  private:
    const Clock& clock_;
    BatchBuilder builder_;
    Batch batch_;
    JsonWriter json_;
};

}  // namespace chorus::agent
