#include "aggregator/postgres/listener.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <thread>

#include "aggregator/alert_store/alert_store.h"
#include "tests/integration/store/test_database.h"

namespace chorus::store {
namespace {

using namespace std::chrono_literals;

class ListenerTest : public testing::Test {
  protected:
    ListenerTest() {
        listener_.add([this](std::optional<std::int64_t> id) {
            const std::lock_guard lock{mutex_};
            id ? heard_.push_back(*id) : static_cast<void>(++looks_);
        });
        listener_.start();
    }
    bool eventually(const std::function<bool()>& condition) {
        const auto deadline = std::chrono::steady_clock::now() + 30s;
        while (std::chrono::steady_clock::now() < deadline) {
            {
                const std::lock_guard lock{mutex_};
                if (condition()) return true;
            }
            std::this_thread::sleep_for(2ms);
        }
        return false;
    }
    // Opens an alert and answers the id of its transition.
    std::int64_t open(const std::string& fingerprint, bool commit = true) {
        NewAlert alert;
        alert.alert_type = "test";
        alert.source = alert.title = alert.actor = "test";
        alert.fingerprint = fingerprint;
        const auto session = database_.pool().acquire();
        Transaction transaction{*session};
        open_alert(*session, alert, at("2026-01-15T10:00:00Z"));
        const auto id = session
                            ->execute_once(
                                "SELECT max(transition_id)"
                                " FROM monitoring.alert_transitions")[0]
                            .int8(0);
        if (commit) transaction.commit();
        return id;
    }

    FilledDatabase database_;
    std::mutex mutex_;
    std::vector<std::int64_t> heard_;
    int looks_ = 0;
    Listener listener_{database_.pool()};
};

TEST_F(ListenerTest, HearsOfATransitionOnceItIsCommitted) {
    ASSERT_TRUE(eventually([&] { return looks_ >= 1; }));
    open("rolled back", false);
    const auto id = open("committed");
    ASSERT_TRUE(eventually([&] { return !heard_.empty(); }));
    EXPECT_EQ(heard_, std::vector{id});
}

TEST_F(ListenerTest, ComesBackAfterItsSessionWasEndedAndAsksToLook) {
    ASSERT_TRUE(eventually([&] { return looks_ >= 1; }));
    const auto before = [&] {
        const std::lock_guard lock{mutex_};
        return looks_;
    }();
    database_.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()");
    ASSERT_TRUE(eventually([&] { return looks_ > before; }));
    const auto id = open("after");
    EXPECT_TRUE(
        eventually([&] { return std::find(heard_.begin(), heard_.end(), id) != heard_.end(); }));
}

TEST_F(ListenerTest, StopsAtOnceAndLeavesACleanSession) {
    ASSERT_TRUE(eventually([&] { return looks_ >= 1; }));
    listener_.stop();
    EXPECT_EQ(database_.number("SELECT count(*) FROM pg_listening_channels()"), 0);
}

}  // namespace
}  // namespace chorus::store
