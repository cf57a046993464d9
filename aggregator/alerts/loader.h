// Reads from the database what a set of rules needs, into a snapshot.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "aggregator/alerts/sample_window.h"
#include "aggregator/alerts/snapshot.h"
#include "aggregator/postgres/session.h"
#include "aggregator/rules/rule.h"

namespace chorus::alerts {

// What rules need: metric types and process patterns by window.
struct Needs {
    std::map<TableKey, std::vector<std::string>> metrics;
    std::map<TableKey, std::vector<std::string>> processes;
    std::chrono::minutes longest_short{1};  // of the windows that share the table of short ones
    std::chrono::minutes longest_short_processes{1};
    bool operator==(const Needs&) const = default;
};
Needs needs_of(const std::vector<Rule>& rules);

// Keeps what it has read as long as it is valid. So a round mostly reads the last minute or two. A
// snapshot is valid until the next load(). Used by one thread.
class Loader {
  public:
    // The number of statements depends on the lengths of the windows, on new layouts and on packed
    // days within the windows, not on rules and hosts. Throws DatabaseError.
    Snapshot load(store::Session& session, const std::vector<Rule>& rules, Timestamp now);

    // All hosts, with their labels and thresholds. Throws DatabaseError.
    static std::vector<Host> load_hosts(store::Session& session);
    // Everything that is needed to evaluate a rule over samples for one host at any moment of
    // from..to. Throws DatabaseError.
    static Snapshot load_history(store::Session& session, const Rule& rule, const Host& host,
                                 Timestamp from, Timestamp to);
    // Checks of that service within from..to, in order of time. Throws DatabaseError.
    static std::vector<Service> load_checks(store::Session& session, const std::string& name,
                                            Timestamp from, Timestamp to);

  private:
    // Of the last round, by length; and what all of it was made for.
    std::map<TableKey, std::shared_ptr<SampleWindow>> samples_;
    std::map<TableKey, std::pair<Timestamp, std::shared_ptr<const std::vector<HostProcesses>>>>
        processes_;
    Needs needs_;
    std::vector<std::int32_t> host_ids_;
};

}  // namespace chorus::alerts
