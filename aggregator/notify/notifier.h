// Sends what is in the outbox. Each channel has a thread, so that a slow or dead receiver delays no
// other.
//
// The outbox is filled by the database: for each row of alert_transitions the trigger
// transitions_notify (aggregator/schema/migrations/0013_notifications.sql) writes one row of
// monitoring.notifications per channel, in the same transaction. At its COMMIT, NOTIFY
// chorus_alerts reaches store::Listener, which calls wake().
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "aggregator/notify/channels.h"
#include "aggregator/postgres/database.h"
#include "common/metrics.h"

namespace chorus::notify {

struct NotifierOptions {
    std::chrono::seconds most_age{std::chrono::hours{24}};  // after that a message is given up
    std::chrono::seconds most_age_redis{std::chrono::minutes{5}};
    int most_alerts = 100;  // in one message
};

// Any number of aggregators may work on one outbox. The aggregator that has claimed a channel
// serves it. A claim ends by itself if its holder dies. Failures are tried again after a random
// time up to 1, 2, 4, 8, 16 s. After five in a row the channel rests for 30 to 60 s between single
// attempts. A receiver that asks for a longer wait (Retry-After) gets it, up to an hour; other
// channels do not wait with it. Alerts that were refused together are sent one by one. An alert
// that is refused alone has failed.
class Notifier {
  public:
    Notifier(store::Database& database, const Channels& channels, std::string name,
             NotifierOptions options, MetricsRegistry& metrics);
    ~Notifier() { stop(); }
    Notifier(const Notifier&) = delete;
    Notifier& operator=(const Notifier&) = delete;

    void start();
    // Running attempts end by their deadline.
    void stop();
    // There may be something to send.
    void wake();

    // For the leader, each minute. Sends firing alerts to Alertmanager again, and gives up messages
    // that waited too long. Throws store::DatabaseError.
    void announce();
    void repeat_to_alertmanager();
    void give_up_old(std::int64_t epoch);

  private:
    void work(const store::ChannelChoice& choice);
    // Sends one message. Returns how long to wait before the next one; nullopt if there was none.
    std::optional<std::chrono::milliseconds> send_one(const store::ChannelChoice& choice,
                                                      std::unique_ptr<Channel>& channel,
                                                      std::string& channel_name);
    // Counts and logs an attempt.
    void report(const store::ClaimedMessage& message, const store::Delivery& delivery);
    std::chrono::milliseconds retry_after(int failures);
    // Waits until it is woken, at most so long. False at the end.
    bool sleep(std::chrono::milliseconds most, std::uint64_t& seen);
    Counter& counted(const std::string& channel, const char* result);

    store::Database& database_;
    const Channels& channels_;
    const std::string name_;  // of this program's claims
    const NotifierOptions options_;
    MetricsRegistry& metrics_;

    std::mutex mutex_;  // protects all below but threads_
    std::condition_variable wake_;
    std::uint64_t calls_ = 0;  // of wake()
    bool stopping_ = false;
    std::minstd_rand random_{std::random_device{}()};
    std::vector<std::thread> threads_;
};

// Sends an alert that says it is a test straight to a channel, without the outbox.
SendResult send_test(Channel& channel, const std::string& channel_name, const std::string& hostname,
                     Timestamp now);

}  // namespace chorus::notify
