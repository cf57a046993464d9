// Retention and days that are packed.
#include "aggregator/schema/retention.h"
#include "tests/integration/sealed/held_lock.h"
#include "tests/integration/sealed/sealing_fixture.h"

namespace chorus::store {
namespace {

class SealUpkeep : public Sealing {
  protected:
    RetentionOutcome clean_up(int days_kept, bool clock_confirmed = true) {
        const SystemClock clock;
        const Retention retention{
            .system = days{days_kept}, .hourly = days{days_kept}, .daily = days{days_kept}};
        Partitions partitions{database_.pool(), clock, retention};
        return RetentionJob{database_.pool(), clock, partitions, retention, stalled_after_}.run(
            epoch_, clock_confirmed);
    }
    std::string series() {
        return database_.text(
            "SELECT string_agg(metric_type || label, ' ' ORDER BY metric_type, label)"
            " FROM monitoring.series");
    }

    std::chrono::seconds stalled_after_ = kStalledAfter;
};

TEST_F(SealUpkeep, RetentionDropsPackedDays) {
    const auto old = day(4), kept = day(3);
    for (const auto on : {old, kept}) fill(hosts_[0], on, 20);
    run();
    ASSERT_EQ(moved(), 2);
    mark_late(hosts_[0], old);
    EXPECT_EQ(clean_up(3).system_batches_deleted, 20);
    EXPECT_EQ(moved(), 1);
    EXPECT_EQ(rows("late_days"), 0);
    EXPECT_TRUE(packed(hosts_[0], old).empty());
    EXPECT_EQ(packed(hosts_[0], kept).size(), 20U);
}

TEST_F(SealUpkeep, AProgramThatStandsStillKeepsOldDaysForAWhileOnly) {
    const auto old = day(7);
    fill(hosts_[0], old, 20);
    const StalledReader reader{database_};
    EXPECT_EQ(clean_up(3).postponed_partitions.size(), 1U);
    stalled_after_ = 0s;
    EXPECT_EQ(clean_up(3).dropped_partitions.size(), 1U);
}

TEST_F(SealUpkeep, ADayThatIsPackedButHasNotMovedIsCountedOnce) {
    const auto old = day(7);
    fill(hosts_[0], old, 20);
    pack(hosts_[0], old);
    EXPECT_EQ(clean_up(3).system_batches_deleted, 20);
    EXPECT_TRUE(packed(hosts_[0], old).empty());
}

// Values may be kept for less time than a day needs until it moves.
TEST_F(SealUpkeep, ADayThatIsBeingPackedKeepsWhatIsPacked) {
    const auto old = day(3);
    fill(hosts_[0], old, 20);
    pack(hosts_[0], old);
    clean_up(1);
    EXPECT_EQ(packed(hosts_[0], old).size(), 20U);
    fill(hosts_[1], old, 20);
    EXPECT_EQ(run().failed, 0U);
    EXPECT_EQ(moved(), 1);
    EXPECT_EQ(packed(hosts_[0], old).size(), 20U);
    clean_up(1);
    EXPECT_EQ(moved(), 0);
    EXPECT_TRUE(packed(hosts_[0], old).empty());
}

TEST_F(SealUpkeep, NothingIsDeletedWhileAllIsPackedBecauseThenNobodyReports) {
    const auto old = day(5);
    fill(hosts_[0], old, 20);
    run();
    ASSERT_EQ(rows("system_batches"), 0);
    EXPECT_THAT(clean_up(3, false).refused, testing::HasSubstr("nothing was deleted"));
    EXPECT_EQ(packed(hosts_[0], old).size(), 20U);
    database_.add_batch(hosts_[0], layouts_[0], format_timestamp(SystemClock{}.now()),
                        "ARRAY[1, 1, 1]::float8[]");
    EXPECT_EQ(clean_up(3, false).refused, "");
    EXPECT_TRUE(packed(hosts_[0], old).empty());
}

TEST_F(SealUpkeep, SeriesGoWithTheLastDayThatHasThem) {
    const auto old = day(5), kept = day(3);
    for (const auto on : {old, kept}) fill(hosts_[0], on, 20);
    const auto fan = database_.add_layout({{"fan", "", "rpm"}});
    database_.add_batch(hosts_[0], fan, format_timestamp(Timestamp{old}), "ARRAY[1]::float8[]");
    run();
    const std::string others =
        "cpu_usage_percent disk_usage_percent/ disk_usage_percent/var memory_used_mb";
    const auto all = others.substr(0, others.rfind(' ')) + " fan memory_used_mb";
    ASSERT_EQ(series(), all);
    ASSERT_EQ(clean_up(30).series_deleted, 0);
    {
        // Who packs a day may be about to store something under one of the names.
        const HeldLock packing{database_, "LOCK TABLE monitoring.series IN ROW EXCLUSIVE MODE"};
        EXPECT_EQ(clean_up(3).series_deleted, 0);
    }
    EXPECT_EQ(series(), all);
    EXPECT_EQ(clean_up(3).series_deleted, 0) << "months and years are not over";
    database_.run("DELETE FROM monitoring.history_hours");
    EXPECT_EQ(clean_up(3).series_deleted, 0);
    database_.run("DELETE FROM monitoring.history_days");
    EXPECT_EQ(clean_up(3).series_deleted, 1);
    EXPECT_EQ(series(), others);
    EXPECT_EQ(packed(hosts_[0], kept).size(), 20U);
}

// As if the day had been packed by a late batch while its partitions could not be dropped.
TEST_F(SealUpkeep, ASeriesThatAPackedDayHasKeepsItsName) {
    const auto kept = day(3);
    fill(hosts_[0], kept, 20);
    run();
    const auto all = series();
    database_.run("UPDATE monitoring.series SET last_day = '2000-01-01'");
    EXPECT_EQ(clean_up(3).series_deleted, 0);
    EXPECT_EQ(series(), all);
}

}  // namespace
}  // namespace chorus::store
