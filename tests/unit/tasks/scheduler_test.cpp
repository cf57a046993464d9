#include "aggregator/tasks/scheduler.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "aggregator/postgres/database_error.h"
#include "aggregator/schema/lease.h"

namespace chorus::tasks {
namespace {

using namespace std::chrono_literals;

bool eventually(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(2ms);
    }
    return true;
}

class SchedulerTest : public testing::Test {
  protected:
    TaskStatus status(std::size_t task = 0) { return scheduler_.status().at(task); }

    SystemClock clock_;
    MetricsRegistry metrics_;
    std::atomic<std::int64_t> epoch_{0};  // 0: somebody else leads
    Scheduler scheduler_{clock_, metrics_, [this]() -> std::optional<std::int64_t> {
                             const auto epoch = epoch_.load();
                             return epoch == 0 ? std::nullopt : std::optional{epoch};
                         }};
};

TEST_F(SchedulerTest, RunsATaskAtOnceAndAgainEachPeriod) {
    std::atomic<int> runs{0};
    scheduler_.add("count", 1s, [&] { ++runs; });
    scheduler_.start();
    EXPECT_TRUE(eventually([&] { return runs == 2; }));
    scheduler_.stop();
    EXPECT_EQ(status().runs, 2U);
    EXPECT_TRUE(status().last_run);
}

TEST_F(SchedulerTest, ALeadersTaskRunsOnlyWhileThisProgramLeads) {
    std::atomic<std::int64_t> seen{0};
    std::atomic<int> others{0};
    scheduler_.add_for_leader("lead", 1s, [&](std::int64_t epoch) { seen = epoch; });
    scheduler_.add("all", 1s, [&] { ++others; });
    scheduler_.start();
    EXPECT_TRUE(eventually([&] { return others == 2; }));
    EXPECT_EQ(seen, 0);
    EXPECT_FALSE(scheduler_.leads());
    epoch_ = 7;
    EXPECT_TRUE(eventually([&] { return seen == 7; }));
    EXPECT_TRUE(scheduler_.leads());
    scheduler_.stop();
    EXPECT_TRUE(status(0).leader_only);
    EXPECT_EQ(status(0).skipped, 0U) << "periods of another leader are not skipped ones";
    EXPECT_FALSE(status(1).leader_only);
}

TEST_F(SchedulerTest, ASlowTaskNeverRunsTwiceAtOnceAndItsMissedPeriodsAreCounted) {
    std::atomic<int> running{0}, most{0};
    scheduler_.add("slow", 1s, [&] {
        most = std::max(most.load(), ++running);
        std::this_thread::sleep_for(1'200ms);
        --running;
    });
    scheduler_.start();
    EXPECT_TRUE(eventually([&] { return status().runs >= 2; }));
    scheduler_.stop();
    EXPECT_EQ(most, 1);
    EXPECT_GE(status().skipped, 1U);
}

TEST_F(SchedulerTest, ATaskThatThrowsKeepsItsErrorAndRunsAgain) {
    std::atomic<int> runs{0};
    scheduler_.add("fails", 1s, [&] {
        if (++runs == 1) throw std::runtime_error("the disk is full");
    });
    scheduler_.start();
    EXPECT_TRUE(eventually([&] { return status().runs == 1; }));
    EXPECT_EQ(status().last_error, "the disk is full");
    EXPECT_TRUE(eventually([&] { return status().runs == 2; }));
    EXPECT_EQ(status().last_error, "");
    scheduler_.stop();
}

// What runs once an hour must not wait for an hour.
TEST_F(SchedulerTest, ATaskThatFoundPostgresqlAwayRunsAgainSoon) {
    Scheduler scheduler{clock_, metrics_, {}, 10ms};
    scheduler.add("seldom", 3'600s, [] { throw store::DatabaseUnavailable("no route to host"); });
    scheduler.add("broken", 3'600s, [] { throw store::DatabaseError("42601", "syntax error"); });
    scheduler.start();
    EXPECT_TRUE(eventually([&] { return scheduler.status().at(0).runs == 2; }));
    scheduler.stop();
    EXPECT_EQ(scheduler.status().at(0).skipped, 0U);
    EXPECT_EQ(scheduler.status().at(1).runs, 1U);
}

TEST_F(SchedulerTest, LosingTheLeadershipDuringARunIsNoFailureOfTheTask) {
    epoch_ = 1;
    scheduler_.add_for_leader("lead", 1s, [&](std::int64_t) {
        epoch_ = 0;
        throw store::LeadershipLost{};
    });
    scheduler_.start();
    EXPECT_TRUE(eventually([&] { return status().runs == 1; }));
    EXPECT_EQ(status().last_error, "");
    scheduler_.stop();
}

TEST_F(SchedulerTest, StopsWhileATaskWaitsForLeadership) {
    scheduler_.add_for_leader("lead", 3'600s, [](std::int64_t) {});
    scheduler_.start();
    scheduler_.stop();
    EXPECT_EQ(status().runs, 0U);
}

}  // namespace
}  // namespace chorus::tasks
