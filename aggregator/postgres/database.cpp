#include "aggregator/postgres/database.h"

#include <algorithm>

#include "common/log.h"

namespace chorus::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr Logger kDatabaseLog{"store"};
constexpr milliseconds kFirstBackOff{100};
constexpr milliseconds kLongestBackOff{2'000};

}  // namespace

Database::Database(DatabaseOptions options)
    : options_(std::move(options)), target_(parse_database_url(options_.url)) {}

Database::~Database() = default;

Database::Lease Database::acquire() {
    std::unique_lock lock{mutex_};
    std::vector<std::unique_ptr<Session>> dead;  // closed after the lock is released
    const auto deadline = steady_clock::now() + options_.acquire_timeout;
    for (;;) {
        while (!idle_.empty()) {
            auto session = std::move(idle_.back());
            idle_.pop_back();
            if (session->healthy_after_idle()) return Lease{this, std::move(session)};
            dead.push_back(std::move(session));
            --open_;
        }
        if (open_ < options_.sessions) break;
        if (freed_.wait_until(lock, deadline) == std::cv_status::timeout && idle_.empty() &&
            open_ >= options_.sessions) {
            throw DatabaseUnavailable("all database sessions are in use", "53300");
        }
    }
    if (steady_clock::now() < next_attempt_) throw DatabaseUnavailable(last_failure_, "08001");
    ++open_;
    lock.unlock();
    dead.clear();
    return Lease{this, open()};
}

std::unique_ptr<Session> Database::open() {
    try {
        auto session = std::make_unique<Session>(Session::Settings{
            target_.connection, options_.application_name, options_.connect_timeout_seconds,
            static_cast<int>(options_.statement_timeout.count())});
        const std::lock_guard lock{mutex_};
        if (back_off_.count() > 0)
            kDatabaseLog.info("PostgreSQL is back", {{"database", describe()}});
        back_off_ = milliseconds{0};
        return session;
    } catch (const DatabaseError& e) {
        note_failure(e.what());
        throw;
    }
}

void Database::note_failure(const std::string& reason) {
    const std::lock_guard lock{mutex_};
    --open_;
    freed_.notify_one();
    if (back_off_.count() == 0) {
        kDatabaseLog.error("PostgreSQL is away", {{"database", describe()}, {"error", reason}});
    }
    last_failure_ = reason;
    back_off_ = std::clamp(back_off_ * 2, kFirstBackOff, kLongestBackOff);
    next_attempt_ = steady_clock::now() + back_off_;
}

void Database::give_back(std::unique_ptr<Session> session) {
    std::vector<std::unique_ptr<Session>> dead;  // closed after the lock is released
    const std::lock_guard lock{mutex_};
    if (session->healthy() && !session->in_transaction()) {
        idle_.push_back(std::move(session));
    } else {
        // One broken session means a restart more often than not: the idle ones are gone as well.
        if (!session->healthy()) dead.swap(idle_);
        dead.push_back(std::move(session));
        open_ -= static_cast<int>(dead.size());
    }
    freed_.notify_all();
}

}  // namespace chorus::store
