// Readers of long ranges write no temporary files: they carry the values that are asked for, and
// not whole batches, into their sorts and groups.
#include <gtest/gtest.h>

#include "aggregator/history/series_reader.h"
#include "aggregator/history/summary_reader.h"
#include "test_database.h"

namespace chorus::store {
namespace {

// One host of 100 series with a batch a minute over two days: 3 MB as rows.
class LongRanges : public testing::Test {
  protected:
    static constexpr int kSeries = 100;
    static constexpr int kBatches = 2 * 1'440;

    LongRanges() {
        std::vector<FilledDatabase::Entry> entries;
        for (int i = 1; i <= kSeries; ++i)
            entries.push_back({"metric_" + std::to_string(i), "", ""});
        database_.add_batches(database_.add_host("web-1"), database_.add_layout(entries), kSeries,
                              "2026-01-02 00:00:00+00", 60, kBatches);
        auto options = database_.options(1);
        pool_ = std::make_unique<Database>(options);
        // As autovacuum leaves it.
        pool_->acquire()->execute_once("VACUUM ANALYZE");
    }

    std::int64_t temporary_bytes() {
        const auto session = pool_->acquire();
        session->execute_once("SELECT pg_stat_force_next_flush()");
        session->execute_once("SELECT pg_stat_clear_snapshot()");
        return session
            ->execute_once(
                "SELECT temp_bytes FROM pg_stat_database"
                " WHERE datname = current_database()")[0]
            .int8(0);
    }
    template <typename Work>
    std::int64_t written(Work work) {
        (void)temporary_bytes();
        const auto before = temporary_bytes();
        work();
        (void)temporary_bytes();
        return temporary_bytes() - before;
    }

    FilledDatabase database_;
    std::unique_ptr<Database> pool_;
};

TEST_F(LongRanges, TemporaryFilesAreSeenByTheseTests) {
    EXPECT_GT(written([&] {
                  pool_->acquire()->execute_once(
                      "SELECT v FROM (SELECT b.\"values\" AS v FROM monitoring.system_batches b,"
                      " generate_series(1, 5) OFFSET 0) t ORDER BY v[2]");
              }),
              0);
}

TEST_F(LongRanges, ChartsWriteNone) {
    SeriesQuery query;
    query.hostname = "web-1";
    query.metric_types = {"metric_1", "metric_20", "metric_40", "metric_60", "metric_100"};
    query.start = at("2026-01-02T00:00:00Z");
    query.end = at("2026-01-03T23:59:59Z");
    const SeriesReader reader{*pool_};
    EXPECT_EQ(written([&] {
                  const auto answer = reader.read(query);
                  ASSERT_EQ(answer.series.size(), query.metric_types.size());
                  EXPECT_EQ(answer.series[0].minimum[0], 1'001);
              }),
              0);
}

TEST_F(LongRanges, TheSummaryWritesNone) {
    SummaryReader reader{*pool_};
    EXPECT_EQ(written([&] {
                  const auto lines = reader.read(std::nullopt, at("2026-01-02T00:00:00Z"));
                  ASSERT_EQ(lines.size(), std::size_t{kSeries});
                  EXPECT_EQ(lines[0].count, kBatches);
              }),
              0);
}

}  // namespace
}  // namespace chorus::store
