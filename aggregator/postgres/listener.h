// Hears of alert transitions when they are committed, by LISTEN chorus_alerts on a session of its
// own. Who announces them is the trigger transitions_notify on monitoring.alert_transitions
// (aggregator/schema/migrations/0013_notifications.sql).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "aggregator/postgres/database.h"

namespace chorus::store {

// One thread. It calls the handlers, which must not block for long. It keeps one session of the
// pool while it runs.
class Listener {
  public:
    // Gets the id of a transition that was committed. nullopt means that something may have been
    // missed, so look in the database. That comes after each connect. It also comes every few
    // seconds while nothing else does, because a pooler before the database may let no notification
    // through. Ids are those of alert_transitions. They come in the order of commits, which is not
    // always the order of ids.
    using Handler = std::function<void(std::optional<std::int64_t> transition_id)>;

    explicit Listener(Database& database);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    // Before start().
    void add(Handler handler) { handlers_.push_back(std::move(handler)); }
    void start();
    void stop();

  private:
    void loop();
    // Listens until the connection breaks or stop().
    void listen(Session& session);
    void tell(std::optional<std::int64_t> transition_id);
    // Waits for input on `fd` (-1: none), at most so long. True if there is input.
    bool wait(int fd, std::chrono::milliseconds most) const;

    Database& database_;
    std::vector<Handler> handlers_;
    std::atomic<bool> stopping_{false};
    int stop_event_ = -1;  // eventfd, readable once stop() was called
    std::thread thread_;
};

}  // namespace chorus::store
