// Hears of alert transitions the moment they are committed: LISTEN on a session of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "aggregator/postgres/database.h"

namespace chorus::store {

// One thread. Handlers are called from it and must not block for long. Keeps one session of the
// pool while it runs.
class Listener {
  public:
    // Gets the id of a transition that was committed, or nullopt: "look for yourself", as something
    // may have been missed. That comes after each (re)connect, and every few seconds while nothing
    // else does, for databases behind a pooler that lets no notification through. Ids are those of
    // alert_transitions; they come in order of commit, which is not always their own order.
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
    // Waits for input on `fd` (-1: none), at most so long. True if there is some.
    bool wait(int fd, std::chrono::milliseconds most) const;

    Database& database_;
    std::vector<Handler> handlers_;
    std::atomic<bool> stopping_{false};
    int stop_event_ = -1;  // eventfd, readable once stop() was called
    std::thread thread_;
};

}  // namespace chorus::store
