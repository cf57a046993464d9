// Rounds that are planned without a database, and remembered as write_round() would write them.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "aggregator/alerts/round_plan.h"
#include "builders.h"

namespace chorus::alerts::build {

class PlannedRounds {
  public:
    // Adds a rule under an id of its own, as of an hour before noon.
    Uuid add(Rule rule);
    // One that cannot be read.
    Uuid add_broken(const std::string& name, const std::string& error);
    StoredRule& stored(const Uuid& rule);

    // Plans the round of that minute after noon. Nothing is remembered.
    RoundPlan plan(double minute) const;
    // The same, and remembers it.
    RoundPlan round(double minute);

    // The open alert of a type, about a host if one is named.
    const store::OpenAlert* open(const std::string& alert_type,
                                 const std::string& hostname = {}) const;

    Fleet fleet;
    RoundMemory memory;
    RoundOptions options;
    std::vector<StoredRule> rules;

  private:
    Uuid next_id();
    void remember(const RoundPlan& plan);
    void remember_alert(const PlannedAlert& planned, Timestamp at);
    void change(const std::vector<store::StatusChange>& changes);

    std::uint8_t ids_ = 0;
};

}  // namespace chorus::alerts::build
