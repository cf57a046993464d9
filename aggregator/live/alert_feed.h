// Events `alert` of the live stream: each change of an alert, once it is committed. The trigger
// transitions_notify (aggregator/schema/migrations/0013_notifications.sql) announces each row of
// alert_transitions by NOTIFY chorus_alerts, and store::Listener brings its id.
#pragma once

#include <cstdint>
#include <optional>
#include <set>

#include "aggregator/live/viewer_streams.h"
#include "aggregator/postgres/database.h"

namespace chorus::live {

// Called by the one thread of store::Listener.
class AlertFeed {
  public:
    // Both outlive the feed.
    AlertFeed(ViewerStreams& streams, store::Database& database)
        : streams_(streams), database_(database) {}

    // A transition was committed. nullopt: something may have been missed, so look in the database.
    // Throws DatabaseError.
    void on_transition(std::optional<std::int64_t> id);

  private:
    void look();
    void tell(std::int64_t id);

    ViewerStreams& streams_;
    store::Database& database_;
    std::optional<std::int64_t> newest_;  // seen; nullopt while nobody listens
    std::set<std::int64_t> told_;         // the newest of them
};

}  // namespace chorus::live
