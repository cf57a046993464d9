// systemd's units: which have failed, which services run, and how often they were restarted.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/collect/support/collector.h"
#include "agent/procfs/support/boot_clock.h"
#include "agent/procfs/support/read_faults.h"
#include "agent/systemd/unit_list.h"

namespace chorus::agent {

// Asks every kPeriod. After a question without an answer it waits for kAfterFault. In between it
// reports the same states again, and no restarts. A host without systemd has no such series.
class UnitCollector final : public Collector {
  public:
    static constexpr std::chrono::seconds kPeriod{60};
    static constexpr std::chrono::minutes kAfterFault{5};
    // If there are more units than these, failed ones are reported first.
    static constexpr std::size_t kMostUnits = 500;

    // nullopt: there is no service manager here. Throws std::runtime_error if it does not answer.
    using Ask = std::function<std::optional<std::vector<UnitState>>()>;
    UnitCollector(Ask ask, ReadFaults& faults, const BootClock& clock)
        : ask_(std::move(ask)), faults_(faults), clock_(clock) {}
    void collect(MetricSink& out) override;

  private:
    struct Unit {
        bool is_active = false, is_failed = false;
        bool has_run = false, has_failed = false, has_restarted = false;  // reported from then on
        std::optional<std::uint32_t> restarts;                            // in all
        double new_restarts = kNoValue;
        std::uint64_t round = 0;
    };
    void ask();
    void take(const std::vector<UnitState>& states);
    void note(const UnitState& state);
    void emit(MetricSink& out);

    Ask ask_;
    ReadFaults& faults_;
    const BootClock& clock_;
    std::optional<std::chrono::nanoseconds> next_;
    std::map<std::string, Unit, std::less<>> units_;
    std::optional<double> failed_;  // NaN = unknown; nullopt = no service manager
    std::size_t left_out_ = 0;      // above kMostUnits
    std::uint64_t round_ = 0;
    bool fresh_ = false;  // asked in this cycle
};

// Asks systemd over the system's bus; nullopt if there is no such socket.
std::optional<std::vector<UnitState>> ask_systemd(const std::string& bus_socket);

}  // namespace chorus::agent
