// Who packs and moves a day, and all others: failover, writers, and whoever removes a host.
#include <future>

#include "aggregator/sealed/move_day.h"
#include "aggregator/sealed/open_days.h"
#include "aggregator/sealed/seal_metrics.h"
#include "tests/integration/sealed/held_lock.h"
#include "tests/integration/sealed/sealing_fixture.h"

namespace chorus::store {
namespace {

class SealBesideOthers : public Sealing {
  protected:
    // A run that stands still while it packs, after it has read which batches there are.
    struct Standing {
        Standing(SealBesideOthers& test, FilledDatabase& database)
            : lock(database, "LOCK TABLE monitoring.series IN ACCESS EXCLUSIVE MODE"),
              outcome(std::async(std::launch::async, [&test] { return test.run(); })) {
            lock.wait_for_waiter();
        }
        HeldLock lock;
        std::future<SealOutcome> outcome;
    };
};

TEST_F(SealBesideOthers, FailoverAndWritersDoNotWait) {
    const auto on = day(3);
    fill(hosts_[0], on, 50);
    mark_late(hosts_[0], on);
    Standing packing{*this, database_};
    {
        const auto session = database_.pool().acquire();
        Transaction transaction{*session};
        session->execute_script("SET LOCAL lock_timeout = '2s'");
        session->execute_once("UPDATE monitoring.late_days SET marks = marks + 1");
        session->execute_once("UPDATE monitoring.hosts SET last_seen = now()");
        transaction.commit();
        release_lease(*session, epoch_);
        EXPECT_TRUE(take_lease(*session, "another", 60s));  // waits 2 s at most
    }
    packing.lock.commit();
    EXPECT_THROW(packing.outcome.get(), LeadershipLost);
    EXPECT_EQ(rows("sealed_batches"), 0);
    EXPECT_EQ(rows("late_days"), 1);
}

TEST_F(SealBesideOthers, ABatchThatComesMeanwhileKeepsItsMark) {
    const auto on = day(3);
    fill(hosts_[0], on, 50);
    run();
    day(3);
    fill(hosts_[0], on, 1);
    mark_late(hosts_[0], on);
    Standing packing{*this, database_};
    fill(hosts_[0], on, 1);
    mark_late(hosts_[0], on);
    packing.lock.commit();
    EXPECT_EQ(packing.outcome.get().hosts, 1U);
    EXPECT_EQ(rows("late_days"), 1);
    EXPECT_EQ(hot(hosts_[0], on).size(), 1U);
    run();
    EXPECT_EQ(rows("late_days"), 0);
    EXPECT_TRUE(hot(hosts_[0], on).empty());
    EXPECT_EQ(packed(hosts_[0], on).size(), 52U);
}

// The mark is locked by a writer that has not committed yet.
TEST_F(SealBesideOthers, ABatchThatIsAboutToComeKeepsItsMark) {
    const auto on = day(3);
    fill(hosts_[0], on, 50);
    run();
    day(3);
    fill(hosts_[0], on, 1);
    mark_late(hosts_[0], on);
    HeldLock writer{database_, "UPDATE monitoring.late_days SET marks = marks + 1"};
    EXPECT_EQ(run().hosts, 1U);
    writer.commit();
    EXPECT_EQ(rows("late_days"), 1);
    EXPECT_EQ(run().hosts, 0U);
    EXPECT_EQ(rows("late_days"), 0);
    EXPECT_EQ(packed(hosts_[0], on).size(), 51U);
}

TEST_F(SealBesideOthers, MarksOfUnknownHostsHinderNothing) {
    const auto on = day(3);
    fill(hosts_[0], on, 50);
    mark_late(4711, on);
    EXPECT_EQ(run().days, 1U);
    EXPECT_EQ(run().failed, 0U);
}

TEST_F(SealBesideOthers, AHostThatIsRemovedWhileItIsPackedLeavesNothing) {
    const auto on = day(3);
    for (const auto host : hosts_) fill(host, on, 50);
    Standing packing{*this, database_};  // at the first one
    database_.run("DELETE FROM monitoring.hosts WHERE host_id = " + std::to_string(hosts_[0]));
    packing.lock.commit();
    const auto outcome = packing.outcome.get();
    EXPECT_EQ(outcome.hosts, 1U);
    EXPECT_EQ(outcome.days, 1U);
    EXPECT_TRUE(packed(hosts_[0], on).empty());
    EXPECT_EQ(database_.number("SELECT count(*) FROM monitoring.sealed_series WHERE host_id = " +
                               std::to_string(hosts_[0])),
              0);
    EXPECT_EQ(packed(hosts_[1], on).size(), 50U);
}

// As from a writer whose clock is far behind. It commits between the last count and the move.
TEST_F(SealBesideOthers, ABatchWithoutAMarkAtTheLastMomentIsNotLost) {
    const auto on = day(3);
    fill(hosts_[0], on, 50);
    HeldLock writer{database_,
                    "INSERT INTO monitoring.system_batches SELECT ts - interval '1 us',"
                    " received_at, payload_hash, host_id, layout_id, \"values\""
                    " FROM monitoring.system_batches LIMIT 1"};
    auto outcome = std::async(std::launch::async, [this] { return run(); });
    writer.wait_for_waiter();
    writer.commit();
    outcome.get();
    run();  // if this program was too slow for three attempts
    EXPECT_EQ(moved(), 1);
    EXPECT_EQ(packed(hosts_[0], on).size(), 51U);
}

TEST_F(SealBesideOthers, ADayThatIsReadForLongMovesLater) {
    const auto on = day(3);
    fill(hosts_[0], on, 50);
    SealJob job{database_.pool(), {.cpu_percent = 100}, [] { return false; }};
    {
        const HeldLock reader{database_, "SELECT count(*) FROM monitoring.system_batches"};
        EXPECT_EQ(job.run(epoch_).postponed, 1U);
        EXPECT_EQ(moved(), 0);
        EXPECT_THAT(job.progress().last_error, testing::HasSubstr(": others use it"));
    }
    EXPECT_EQ(job.run(epoch_).days, 1U);
    EXPECT_EQ(job.progress().last_error, "");
}

TEST_F(SealBesideOthers, AProgramThatStandsStillKeepsADayForAWhileOnly) {
    const auto on = day(3);
    fill(hosts_[0], on, 50);
    const StalledReader reader{database_};
    EXPECT_EQ(run().postponed, 1U);
    const SealOptions options{.cpu_percent = 100, .stalled_after = 0s};
    EXPECT_EQ((SealJob{database_.pool(), options, [] { return false; }}.run(epoch_).days), 1U);
}

// Such as a psql whose pager waits.
TEST_F(SealBesideOthers, ProgramsOfOthersMayStandStill) {
    const auto on = day(3);
    fill(hosts_[0], on, 50);
    const StalledReader reader{database_, "psql"};
    const SealOptions options{.cpu_percent = 100, .stalled_after = 0s};
    EXPECT_EQ((SealJob{database_.pool(), options, [] { return false; }}.run(epoch_).postponed), 1U);
}

TEST_F(SealBesideOthers, NothingIsPackedBesideAnOlderAggregator) {
    const auto on = day(3);
    fill(hosts_[0], on, 50);
    const auto named = [&](const std::string& name) {
        auto options = database_.options(2);
        options.application_name = name;
        return options;
    };
    Database own{named("program/28")}, other{named("another program/27")};
    const auto session = other.acquire();
    SealJob job{own, {.cpu_percent = 100}, [] { return false; }};
    for (const auto* older : {"program", "program/27", "program/3"}) {
        Database pool{named(older)};
        const auto connected = pool.acquire();
        EXPECT_EQ(job.run(epoch_).hosts, 0U);
        EXPECT_THAT(job.progress().last_error,
                    testing::HasSubstr("once this aggregator is upgraded: program"));
    }
    Database newer{named("program/101")};
    const auto connected = newer.acquire();
    const auto packs = [&] { return job.run(epoch_).days == 1; };
    // A session that was closed is told for a moment still.
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!packs()) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    EXPECT_EQ(job.progress().last_error, "");
}

TEST_F(SealBesideOthers, ADayThatIsTooLargeToBeCountedGoesByItsMarks) {
    const auto on = day(3);
    fill(hosts_[0], on, 50);
    pack(hosts_[0], on);
    const auto session = database_.pool().acquire();
    mark_late(hosts_[0], on);
    EXPECT_EQ(move_day(*session, epoch_, on, Proof::marks), Move::differs);
    EXPECT_EQ(move_day(*session, epoch_, on, Proof::count), Move::differs);
    database_.run("DELETE FROM monitoring.late_days");
    mark_late(hosts_[1], on);  // it has no rows in that day
    EXPECT_EQ(move_day(*session, epoch_, on, Proof::marks), Move::moved);
    EXPECT_EQ(packed(hosts_[0], on).size(), 50U);
    EXPECT_EQ(move_day(*session, epoch_, on, Proof::marks), Move::gone);
}

TEST_F(SealBesideOthers, ARestEndsWithTheProgram) {
    const auto on = day(3);
    fill(hosts_[0], on, 500);
    int asked = 0;
    SealJob{database_.pool(), {.cpu_percent = 1}, [&] { return ++asked > 4; }}.run(epoch_);
    EXPECT_GT(asked, 4);
    EXPECT_EQ(packed(hosts_[0], on).size(), 500U);
    EXPECT_EQ(moved(), 0);
}

TEST_F(SealBesideOthers, ProgressIsTold) {
    const auto on = day(3);
    for (const auto host : hosts_) fill(host, on, 50);
    MetricsRegistry metrics;
    SealJob job{database_.pool(), {.cpu_percent = 100}, [] { return false; }};
    register_seal_metrics(metrics, job);
    const auto backlog = [&] { return read_backlog(*database_.pool().acquire(), 25h); };
    EXPECT_EQ(backlog().oldest_waiting, on);
    {
        HeldLock lock{database_, "LOCK TABLE monitoring.series IN ACCESS EXCLUSIVE MODE"};
        auto outcome = std::async(std::launch::async, [&] { return job.run(epoch_); });
        lock.wait_for_waiter();
        EXPECT_EQ(job.progress().day, on);
        EXPECT_EQ(job.progress().hosts_done, 0U);
        EXPECT_EQ(job.progress().hosts_total, 2U);
        lock.commit();
        outcome.get();
    }
    EXPECT_EQ(job.progress().day, std::nullopt);
    EXPECT_EQ(backlog().moved, 1);
    EXPECT_EQ(backlog().waiting, 0);
    EXPECT_EQ(backlog().oldest_waiting, std::nullopt);
    const auto text = metrics.expose();
    EXPECT_THAT(text, testing::HasSubstr("chorus_aggregator_sealed_partitions_total 1\n"));
    EXPECT_THAT(text, testing::HasSubstr("chorus_aggregator_sealed_batches_total 100\n"));
    EXPECT_THAT(text, testing::HasSubstr("chorus_aggregator_sealed_samples_total 400\n"));
    EXPECT_GT(job.progress().seconds, 0);
}

}  // namespace
}  // namespace chorus::store
