// A transaction of somebody else, which holds what others wait for.
#pragma once

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "tests/integration/store/test_database.h"

namespace chorus::store {

class HeldLock {
  public:
    HeldLock(FilledDatabase& database, const std::string& sql)
        : database_(database), pool_(database.options(1)), session_(pool_.acquire()) {
        transaction_.emplace(*session_);
        session_->execute_once(sql);
    }
    // Until somebody waits for a lock.
    void wait_for_waiter() {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
        while (
            database_.number("SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
                             " WHERE NOT l.granted AND a.datname = current_database()") == 0) {
            ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "nobody waits";
            std::this_thread::sleep_for(std::chrono::milliseconds{5});
        }
    }
    void commit() {
        transaction_->commit();
        transaction_.reset();
    }

  private:
    FilledDatabase& database_;
    Database pool_;
    Database::Lease session_;
    std::optional<Transaction> transaction_;
};

// A session of a program that was stopped (SIGSTOP) while PostgreSQL sends it rows.
class StalledReader {
  public:
    explicit StalledReader(FilledDatabase& database, const std::string& program = "chorus test")
        : pool_(database.options(1)), session_(pool_.acquire()) {
        session_->execute_script("SET application_name = '" + program + "'");
        PQsendQuery(session_->native(),
                    "SELECT b.*, repeat('x', 1000) FROM monitoring.system_batches b,"
                    " generate_series(1, 100000)");
        PQflush(session_->native());
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
        while (database.number("SELECT count(*) FROM pg_stat_activity"
                               " WHERE wait_event = 'ClientWrite'"
                               " AND datname = current_database()") == 0) {
            EXPECT_LT(std::chrono::steady_clock::now(), deadline) << "it does not stand still";
            std::this_thread::sleep_for(std::chrono::milliseconds{5});
        }
    }

  private:
    Database pool_;
    Database::Lease session_;
};

}  // namespace chorus::store
