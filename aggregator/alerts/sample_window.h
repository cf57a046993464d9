// The samples of one window in memory. A window that takes every sample moves on with time and
// reads what is new. Other windows are read whole.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "aggregator/alert_store/rule_samples.h"
#include "aggregator/alert_store/sample_reader.h"
#include "aggregator/alerts/snapshot.h"
#include "aggregator/alerts/windows.h"
#include "aggregator/postgres/session.h"

namespace chorus::alerts {

// Index into Snapshot::hosts by host id.
using HostIndex = std::unordered_map<std::int32_t, std::size_t>;
HostIndex index_of(const std::vector<Host>& hosts);

// Seconds. Almost all hosts have an interval of at most this. An agent names its interval itself:
// if one says a day, all others must not be read for a day.
double usual_interval(const std::vector<Host>& hosts);
// Where batches with these times of receipt lie.
store::SampleScope scope_of(const std::vector<Host>& hosts, const store::TimeRange& range);
// Where all samples of a window lie.
store::SampleScope scope_of(const std::vector<Host>& hosts, const WindowPlan& plan, Timestamp now);

// Used by one thread, always with the same hosts and metrics. Not to be moved, because the table
// points into itself.
class SampleWindow {
  public:
    explicit SampleWindow(std::size_t hosts) { table_.by_host.resize(hosts); }
    SampleWindow(const SampleWindow&) = delete;
    SampleWindow& operator=(const SampleWindow&) = delete;

    const SampleTable& table() const { return table_; }
    Timestamp end() const { return end_; }
    // Whether it holds far more layouts than when it was new. If hosts change their series again
    // and again, a new window has to take its place now and then.
    bool outgrown() const { return layouts_.size() > 2 * first_layouts_ + kSpareLayouts; }

    // Reads what is within the scope into an empty window. Throws DatabaseError.
    void fill(store::Session& session, const std::vector<Host>& hosts, const HostIndex& index,
              const store::SampleScope& scope, const std::vector<std::string>& metrics);

    // Makes it the window from..to. Forgets what is older and reads what came since its end. Reads
    // the last half minute before that again, because a batch is stored a moment after it was
    // received. Throws DatabaseError; the next call then reads what is missing.
    void move_on(store::Session& session, const std::vector<Host>& hosts, const HostIndex& index,
                 const store::TimeRange& window, const std::vector<std::string>& metrics);

  private:
    void read(store::Session& session, const std::vector<Host>& hosts, const HostIndex& index,
              const store::SampleScope& scope, const std::vector<std::string>& metrics);
    store::SampleRows read_rows(store::Session& session, const store::SampleScope& scope,
                                const std::vector<std::string>& metrics);
    // Reads which series of the metrics the layouts have, for layouts that are not known yet.
    void learn(store::Session& session, const std::vector<std::int32_t>& layouts,
               const std::vector<std::string>& metrics);
    void pack();

    static constexpr std::size_t kSpareLayouts = 64;
    static constexpr std::size_t kMostUnwanted = 100'000;

    SampleTable table_;
    Timestamp end_{};
    std::map<std::pair<std::string, std::string>, std::size_t> series_;  // by metric and label
    // Index into the table's layouts, and what it holds of each.
    std::unordered_map<std::int32_t, std::size_t> layouts_;
    store::WantedPositions wanted_;
    std::unordered_set<std::int32_t> unwanted_;  // layouts that have nothing of the metrics
    std::size_t first_layouts_ = 0;              // that the first read has learnt
};

}  // namespace chorus::alerts
