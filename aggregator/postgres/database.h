// The pool of database sessions.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <type_traits>
#include <vector>

#include "aggregator/postgres/database_url.h"
#include "aggregator/postgres/session.h"

namespace chorus::store {

struct DatabaseOptions {
    std::string url;  // DATABASE_URL: postgresql://, postgres://, postgresql+asyncpg://
    // What PostgreSQL tells of the program. Behind a slash comes the number of the newest migration
    // that it knows, so that aggregators see older ones.
    std::string application_name = "chorus-aggregator";
    int sessions = 8;                                    // at most, open at a time
    std::chrono::milliseconds acquire_timeout{2'000};    // wait for a free session
    std::chrono::milliseconds statement_timeout{5'000};  // 0 = none
    int connect_timeout_seconds = 5;
};

// Thread-safe. Sessions are opened when needed, also after PostgreSQL was away; nothing is opened
// by the constructor.
class Database {
  public:
    // Throws std::invalid_argument if the URL is wrong; the message does not contain it.
    explicit Database(DatabaseOptions options);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    // A session on loan. It goes back when the lease ends. A session that is broken or still in a
    // transaction is closed instead.
    class Lease {
      public:
        Lease(Database* owner, std::unique_ptr<Session> session)
            : owner_(owner), session_(std::move(session)) {}
        Lease(Lease&& other) noexcept = default;
        Lease& operator=(Lease&&) = delete;
        ~Lease() {
            if (session_) owner_->give_back(std::move(session_));
        }
        Session& operator*() const { return *session_; }
        Session* operator->() const { return session_.get(); }

      private:
        Database* owner_;
        std::unique_ptr<Session> session_;
    };

    // Waits for a free session up to the timeout. Throws DatabaseUnavailable if there is none, or
    // if PostgreSQL cannot be reached. While it is away, callers get the last failure at once, and
    // a new attempt is made after a time that grows from 0.1 s to 2 s.
    Lease acquire();

    // Runs a read. If the session turns out to be broken, runs it once more with a new one. So
    // `work` must be safe to run twice.
    template <typename Work>
    auto read(Work&& work) -> std::invoke_result_t<Work&, Session&> {
        for (bool again = true;; again = false) {
            const Lease lease = acquire();
            try {
                return work(*lease);
            } catch (const DatabaseUnavailable&) {
                if (!again) throw;
            }
        }
    }

    // Host, port and database, for people. No user, no password.
    const std::string& describe() const { return target_.description; }

  private:
    friend class Lease;
    std::unique_ptr<Session> open();
    void give_back(std::unique_ptr<Session> session);
    void note_failure(const std::string& reason);

    const DatabaseOptions options_;
    const ConnectionTarget target_;

    std::mutex mutex_;  // protects all below
    std::condition_variable freed_;
    std::vector<std::unique_ptr<Session>> idle_;
    int open_ = 0;  // idle and on loan
    std::chrono::steady_clock::time_point next_attempt_{};
    std::chrono::milliseconds back_off_{0};
    std::string last_failure_;
};

}  // namespace chorus::store
