#include "agent/cycle.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "common/batch/batch_json.h"
#include "common/compress.h"
#include "common/log.h"

namespace chorus::agent {
namespace {

constexpr Logger kCycleLog{"agent"};

}  // namespace

Cycle::Cycle(const AgentConfig& config, const Uuid& id, const Uuid& epoch, const Clock& clock,
             const BootClock& boot_clock)
    : clock_(clock), builder_(config.collect, clock, boot_clock) {
    batch_.agent = {
        .id = id, .version = CHORUS_VERSION, .interval_seconds = config.interval_seconds};
    batch_.epoch = epoch;
    batch_.hostname = config.hostname;
    builder_.collect(batch_);
}

const Batch& Cycle::collect(const AgentState& state, bool processes,
                            std::vector<AgentServiceCheck> services) {
    const auto start = clock_.steady();
    builder_.collect(batch_, state);
    if (!processes) batch_.processes.reset();
    batch_.services = std::move(services);
    ++batch_.seq;
    const std::chrono::duration<double> took = clock_.steady() - start;
    const auto known = std::count_if(batch_.values.begin(), batch_.values.end(),
                                     [](double value) { return !std::isnan(value); });
    kCycleLog.info("Metrics collection completed",
                   {{"hostname", batch_.hostname},
                    {"system_metrics", known},
                    {"process_metrics", batch_.processes ? batch_.processes->rows.size() : 0},
                    {"duration_seconds", std::round(took.count() * 1e6) / 1e6}});
    return batch_;
}

const std::string& Cycle::json() {
    batch_.sent_at = clock_.now();
    json_.clear();
    write_batch(json_, batch_);
    return json_.text();
}

PackedBatch Cycle::pack() {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(batch_.time.time_since_epoch());
    return {.seq = batch_.seq,
            .time = static_cast<std::uint32_t>(seconds.count()),
            .json_zstd = zstd_compress(json())};
}

}  // namespace chorus::agent
