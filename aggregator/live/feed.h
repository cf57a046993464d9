// Turns what happens into events of the live stream.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "aggregator/history/host_reader.h"
#include "aggregator/live/viewer_streams.h"
#include "aggregator/postgres/database.h"
#include "common/batch/batch.h"

namespace chorus::live {

// Thread-safe. If a host sends more than once within `kGather`, only the newest batch gives events.
class Feed {
  public:
    static constexpr std::chrono::milliseconds kGather{200};

    // All outlive the feed.
    Feed(ViewerStreams& streams, store::Database& database, const Clock& clock)
        : streams_(streams), database_(database), clock_(clock) {}
    ~Feed() { stop(); }
    Feed(const Feed&) = delete;
    Feed& operator=(const Feed&) = delete;

    void start();
    void stop();

    // A batch was committed. Called by the writers, so it does little.
    void on_stored(const Batch& batch);
    // Sends `service` events for services that were checked since the last call. For a scheduler.
    void watch_services();
    // Sends `host` events for hosts that are new, gone or have another status. For a scheduler,
    // every few seconds. Reads the database only while somebody listens.
    void watch_hosts();

  private:
    struct HostEvents {
        std::string overview;  // empty if the batch does not tell the number of processes
        std::string metrics;
    };
    void run();

    ViewerStreams& streams_;
    store::Database& database_;
    const Clock& clock_;

    std::mutex mutex_;  // protects pending_ and stopping_
    std::condition_variable wake_;
    std::map<std::string, HostEvents> pending_;  // by hostname
    bool stopping_ = true;
    std::thread thread_;

    // Used by the calls for a scheduler, which never run twice at once.
    bool services_known_ = false;
    std::map<std::string, Timestamp> services_;  // when they were checked
    bool hosts_known_ = false;
    std::map<std::string, store::HostStatus> hosts_;
};

}  // namespace chorus::live
