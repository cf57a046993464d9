#include "agent/collect/unit_collector.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>

namespace chorus::agent {
namespace {

constexpr std::chrono::milliseconds kLimit{500};
// Half a second early is in time: two cycles are never exactly one interval apart.
constexpr std::chrono::milliseconds kSlack{500};

}  // namespace

std::optional<std::vector<UnitState>> ask_systemd(const std::string& bus_socket) {
    if (::access(bus_socket.c_str(), F_OK) != 0) return std::nullopt;
    return list_units(bus_socket, kLimit);
}

void UnitCollector::collect(MetricSink& out) {
    fresh_ = false;
    const auto now = clock_.since_boot();
    if (!next_ || now >= *next_ - kSlack) {
        next_ = now + kPeriod;
        ask();
    }
    if (!failed_) return;
    out.add("system_units_failed_count", "count", *failed_);
    out.left_out("units", left_out_);
    emit(out);
}

void UnitCollector::ask() {
    try {
        const auto states = ask_();
        if (states) return take(*states);
        failed_.reset();
    } catch (const std::exception&) {
        faults_.note("systemd over the system bus", EIO);
        failed_ = kNoValue;
        next_ = clock_.since_boot() + kAfterFault;
    }
    units_.clear();
    left_out_ = 0;
}

void UnitCollector::take(const std::vector<UnitState>& states) {
    ++round_;
    fresh_ = true;
    std::vector<const UnitState*> wanted;
    std::size_t failed = 0;
    for (const UnitState& state : states) {
        const bool is_failed = state.active_state == "failed";
        failed += is_failed;
        const bool is_service = state.name.ends_with(".service");
        if (is_service || is_failed || units_.contains(state.name)) wanted.push_back(&state);
    }
    const auto told = choose_told(wanted.size(), kMostUnits, [&](std::size_t i) {
        return wanted[i]->active_state == "failed";
    });
    left_out_ = wanted.size() - std::min(wanted.size(), kMostUnits);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (told[i]) note(*wanted[i]);
    }
    failed_ = static_cast<double>(failed);
    std::erase_if(units_, [&](const auto& entry) { return entry.second.round != round_; });
}

void UnitCollector::note(const UnitState& state) {
    const bool is_failed = state.active_state == "failed";
    Unit& unit = units_[state.name];
    unit.round = round_;
    unit.is_failed = is_failed;
    unit.is_active = state.active_state == "active" || state.active_state == "reloading";
    unit.has_failed = unit.has_failed || is_failed;
    const bool is_service = state.name.ends_with(".service");
    unit.has_run = unit.has_run || (is_service && state.active_state != "inactive");
    unit.new_restarts = kNoValue;
    if (!state.restarts) return;
    // It begins at 0 again when somebody starts the unit by hand.
    if (unit.restarts) {
        const bool anew = *state.restarts < *unit.restarts;
        unit.new_restarts = anew ? *state.restarts : *state.restarts - *unit.restarts;
    }
    unit.restarts = state.restarts;
    unit.has_restarted = unit.has_restarted || *state.restarts > 0;
}

void UnitCollector::emit(MetricSink& out) {
    for (const auto& [name, unit] : units_) {
        if (unit.has_run) out.add("unit_active", name, "bool", unit.is_active);
        if (unit.has_failed) out.add("unit_failed", name, "bool", unit.is_failed);
        if (unit.has_restarted) {
            out.add("unit_restarts_count", name, "count", fresh_ ? unit.new_restarts : 0);
        }
    }
}

}  // namespace chorus::agent
