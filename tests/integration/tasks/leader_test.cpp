#include "aggregator/tasks/leader.h"

#include <gtest/gtest.h>

#include <future>
#include <set>
#include <thread>

#include "aggregator/schema/lease.h"
#include "tests/integration/store/test_database.h"

namespace chorus::tasks {
namespace {

using namespace std::chrono_literals;
using store::hold_leadership;
using store::LeadershipLost;
using store::release_lease;
using store::take_lease;
using store::Transaction;

class LeaseTest : public testing::Test {
  protected:
    // The lease runs out without anybody waiting for it.
    void expire() { database_.run("UPDATE monitoring.leader SET expires_at = '-infinity'"); }
    std::optional<std::int64_t> take(const std::string& holder) {
        return take_lease(*database_.pool().acquire(), holder, 60s);
    }

    store::FilledDatabase database_;
};

TEST_F(LeaseTest, OneHolderAtATimeAndRenewalsKeepTheEpoch) {
    EXPECT_EQ(take("a"), 1);
    EXPECT_EQ(take("b"), std::nullopt);
    EXPECT_EQ(take("a"), 1);
    EXPECT_EQ(take("b"), std::nullopt);
}

TEST_F(LeaseTest, EachTakeoverHasAGreaterEpochAlsoByTheOldHolder) {
    EXPECT_EQ(take("a"), 1);
    expire();
    EXPECT_EQ(take("b"), 2);
    expire();
    EXPECT_EQ(take("b"), 3);
}

TEST_F(LeaseTest, AReleasedLeaseIsTakenAtOnce) {
    EXPECT_EQ(take("a"), 1);
    release_lease(*database_.pool().acquire(), 1);
    EXPECT_EQ(take("b"), 2);
    release_lease(*database_.pool().acquire(), 1);  // a late goodbye of the old leader
    EXPECT_EQ(take("a"), std::nullopt);
}

TEST_F(LeaseTest, OfManyThatAskAtOnceExactlyOneWins) {
    for (int round = 0; round < 20; ++round) {
        expire();
        std::vector<std::future<std::optional<std::int64_t>>> asked;
        for (int i = 0; i < 4; ++i) {
            asked.push_back(std::async(std::launch::async,
                                       [this, i] { return take("holder " + std::to_string(i)); }));
        }
        int winners = 0;
        for (auto& answer : asked) winners += answer.get().has_value() ? 1 : 0;
        EXPECT_EQ(winners, 1);
    }
}

TEST_F(LeaseTest, NobodyHoldsALeadershipThatRanOutOrIsAnothers) {
    EXPECT_EQ(take("a"), 1);
    const auto session = database_.pool().acquire();
    {
        Transaction transaction{*session};
        EXPECT_NO_THROW(hold_leadership(*session, 1));
        EXPECT_THROW(hold_leadership(*session, 2), LeadershipLost);
    }
    expire();
    Transaction transaction{*session};
    EXPECT_THROW(hold_leadership(*session, 1), LeadershipLost);
}

TEST_F(LeaseTest, ATakeoverWaitsForTheWritesOfTheOldLeaderAndRenewalsDoNot) {
    EXPECT_EQ(take("a"), 1);
    const auto writer = database_.pool().acquire();
    Transaction transaction{*writer};
    hold_leadership(*writer, 1);
    EXPECT_EQ(take("a"), 1) << "a renewal goes through beside a long write";
    // Runs out at a time that does not conflict with the row lock: the value is no key.
    expire();
    auto takeover = std::async(std::launch::async, [this] {
        for (;;) {
            try {
                return take("b");
            } catch (const store::DatabaseError& e) {
                if (e.sqlstate() != store::sqlstate::kLockNotAvailable) throw;
            }
        }
    });
    EXPECT_EQ(takeover.wait_for(300ms), std::future_status::timeout);
    transaction.commit();
    EXPECT_EQ(takeover.get(), 2);
}

TEST_F(LeaseTest, ADeposedLeaderThatHeldNothingWritesNothing) {
    EXPECT_EQ(take("a"), 1);
    const auto writer = database_.pool().acquire();
    Transaction paused{*writer};  // begun as the leader, then stopped for a while
    expire();
    EXPECT_EQ(take("b"), 2);
    EXPECT_THROW(hold_leadership(*writer, 1), LeadershipLost);
}

class LeaderTest : public LeaseTest {
  protected:
    std::unique_ptr<Leader> make(const std::string& name, std::chrono::milliseconds lease) {
        return std::make_unique<Leader>(database_.pool(), clock_, name, lease, metrics_);
    }

    ManualClock clock_{store::at("2026-01-15T10:00:00Z")};
    MetricsRegistry metrics_;
};

TEST_F(LeaderTest, AStoppedLeaderLetsTheNextTakeOverAtOnce) {
    const auto first = make("first", 60s), second = make("second", 60s);
    first->renew();
    second->renew();
    EXPECT_EQ(first->epoch(), 1);
    EXPECT_EQ(second->epoch(), std::nullopt);
    first->stop();
    EXPECT_EQ(first->epoch(), std::nullopt);
    second->renew();
    EXPECT_EQ(second->epoch(), 2);
}

TEST_F(LeaderTest, AnswersNoEpochOnceItsLeaseHasRunOutByItsOwnClock) {
    const auto leader = make("only", 15s);
    leader->renew();
    clock_.advance(14s);
    EXPECT_EQ(leader->epoch(), 1);
    clock_.advance(1s);
    EXPECT_EQ(leader->epoch(), std::nullopt);
}

TEST_F(LeaderTest, ProgramsOfOneNameAreStillTwo) {
    const auto first = make("same", 60s), second = make("same", 60s);
    first->renew();
    second->renew();
    EXPECT_EQ(second->epoch(), std::nullopt);
}

}  // namespace
}  // namespace chorus::tasks
