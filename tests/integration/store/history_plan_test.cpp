// Charts of one host find its hours and days among those of all hosts.
#include <gtest/gtest.h>

#include "aggregator/history/series_reader.h"
#include "aggregator/sealed/hour_codec.h"
#include "test_database.h"

namespace chorus::store {
namespace {

// 300 hosts with 10 labels each of one metric, by hours of a month and by days of the same month.
class HistoryPlans : public testing::Test {
  protected:
    HistoryPlans() {
        for (int i = 1; i <= 300; ++i) database_.add_host("web-" + std::to_string(i));
        database_.run(R"sql(
SELECT monitoring.ensure_history_partitions('2026-01-01');
INSERT INTO monitoring.series (metric_type, label, unit)
SELECT 'container_cpu_percent', h.hostname || '/' || n, 'percent'
FROM monitoring.hosts h, generate_series(1, 10) AS n;
INSERT INTO monitoring.history_past (day)
SELECT date '2026-01-01' + n FROM generate_series(0, 30) AS n;
INSERT INTO monitoring.history_days (month, series_id, host_id, minimum, maximum, sum, counts)
SELECT '2026-01-01', n.series_id, h.host_id, array_fill(1.0, ARRAY[31]),
       array_fill(2.0, ARRAY[31]), array_fill(3.0, ARRAY[31]), array_fill(2, ARRAY[31])
FROM monitoring.hosts h
JOIN monitoring.series n ON split_part(n.label, '/', 1) = h.hostname;
)sql");
        HourStarts starts{};
        for (std::size_t h = 0; h < starts.size(); ++h) starts[h] = static_cast<std::uint32_t>(h);
        const std::vector<double> values(kHoursOfDay, 7);
        pool_.acquire()->execute_once(
            R"sql(
INSERT INTO monitoring.history_hours (day, series_id, host_id, hours)
SELECT p.day, d.series_id, d.host_id, $1
FROM monitoring.history_past p, monitoring.history_days d
)sql",
            Parameters{}.bytea(encode_hours(pack_series(values, starts), starts)));
        pool_.acquire()->execute_once("VACUUM ANALYZE");
    }

    // Pages of hours and days, and of their indexes, that were looked at until now.
    std::int64_t pages() {
        const auto session = pool_.acquire();
        session->execute_once("SELECT pg_stat_force_next_flush()");
        session->execute_once("SELECT pg_stat_clear_snapshot()");
        return session
            ->execute_once(
                "SELECT sum(heap_blks_read + heap_blks_hit + coalesce(idx_blks_read, 0)"
                " + coalesce(idx_blks_hit, 0))::bigint FROM pg_statio_user_tables"
                " WHERE relname ~ '^history_(hours|days)_\\d'")[0]
            .int8(0);
    }
    std::int64_t pages_of_chart(int max_points) {
        SeriesQuery query;
        query.hostname = "web-7";
        query.metric_types = {"container_cpu_percent"};
        query.start = at("2026-01-01T00:00:00Z");
        query.end = at("2026-01-31T23:59:59Z");
        query.max_points = max_points;
        (void)pages();
        const auto before = pages();
        const auto answer = SeriesReader{pool_}.read(query);
        (void)pages();
        std::size_t known = 0;
        for (const auto& column : answer.series) known += column.average[0] > 1 ? 1 : 0;
        EXPECT_EQ(known, 10U);
        return pages() - before;
    }

    FilledDatabase database_;
    Database pool_{database_.options(1)};
};

TEST_F(HistoryPlans, AChartOfOneHostLooksAtItsRowsAlone) {
    EXPECT_LT(pages_of_chart(800), 400);  // 310 rows of 93,000
    EXPECT_LT(pages_of_chart(40), 40);    // 10 rows of 3,000
}

}  // namespace
}  // namespace chorus::store
