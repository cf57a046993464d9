// GET /metrics/system answers the same before and after its days are packed: rows, ids and order.
#include <gmock/gmock.h>

#include <tuple>

#include "aggregator/history/metric_reader.h"
#include "sealed_fixture.h"

namespace chorus::store {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

auto key_of(const MetricRow& row) {
    return std::tuple{row.id.to_string(), row.hostname,    row.metric_type,    row.value,
                      row.unit,           row.label,       row.tags_json,      row.time,
                      row.created_at,     row.cursor.time, row.cursor.host_id, row.cursor.position};
}
using Keys = std::vector<decltype(key_of(MetricRow{}))>;

Keys keys_of(const std::vector<MetricRow>& rows) {
    Keys keys;
    for (const auto& row : rows) keys.push_back(key_of(row));
    return keys;
}

class SealedPages : public SealedStore {
  protected:
    // Of each kind of filter, in both orders.
    std::vector<MetricQuery> queries() const {
        std::vector<MetricQuery> all(8);
        all[1].hostname = "web-1";
        all[2].hostname = "web-2";
        all[2].metric_type = "cpu_usage_percent";
        all[3].metric_type = "disk_usage_percent";
        all[4].tags = {{"mountpoint", "/var"}};
        all[5].start = today_ - days{2} + 5h + 13min + 7s;
        all[5].end = today_ - days{1} + 7h + 1min;
        all[6].hostname = "db-1";
        all[6].start = today_ - days{1} + 2h;
        all[6].end = today_ - days{1} + 3h - 1us;
        all[7].metric_type = "never_known";
        const auto count = all.size();
        for (std::size_t i = 0; i < count; ++i) {
            all.push_back(all[i]);
            all.back().ascending = true;
        }
        return all;
    }
    // By pages, each from where the one before ended.
    std::vector<MetricRow> walk(MetricQuery query, std::int64_t limit) const {
        query.limit = limit;
        std::vector<MetricRow> all;
        for (auto page = reader_.find(query); !page.empty(); page = reader_.find(query)) {
            all.insert(all.end(), page.begin(), page.end());
            query.after = page.back().cursor;
        }
        return all;
    }

    MetricReader reader_{database_.pool()};
};

TEST_F(SealedPages, AreTheSameWhateverIsPacked) {
    const auto ask = [&] {
        std::vector<Keys> answers;
        for (const auto& query : queries()) answers.push_back(keys_of(walk(query, 1'001)));
        return answers;
    };
    const auto before = ask();
    ASSERT_GT(before[0].size(), 5'000U);
    ASSERT_GT(before[2].size(), 100U);
    ASSERT_GT(before[6].size(), 10U);
    in_each_state(ask, [](const auto& expected, const auto& got) {
        ASSERT_EQ(expected.size(), got.size());
        for (std::size_t i = 0; i < got.size(); ++i) {
            ASSERT_EQ(expected[i].size(), got[i].size()) << "query " << i;
            ASSERT_TRUE(expected[i] == got[i]) << "query " << i;
        }
    });
}

TEST_F(SealedPages, OffsetsAndCursorsMeetTheSameRows) {
    const auto ask = [&] {
        std::vector<Keys> answers;
        for (auto query : queries()) {
            for (const std::int64_t offset : {1, 3'000, 100'000}) {
                if (offset > 3'000 && query.hostname) continue;
                query.offset = offset;
                query.limit = 7;
                answers.push_back(keys_of(reader_.find(query)));
                query.after = SampleCursor{today_ - days{1} + 4h, hosts_[1], 2};
                answers.push_back(keys_of(reader_.find(query)));
                query.after.reset();
            }
        }
        auto small = queries()[5];
        answers.push_back(keys_of(walk(small, 61)));
        return answers;
    };
    in_each_state(ask, [](const auto& expected, const auto& got) {
        for (std::size_t i = 0; i < got.size(); ++i) ASSERT_TRUE(expected[i] == got[i]) << i;
    });
}

TEST_F(SealedPages, CountsAreTheSame) {
    const auto ask = [&] {
        std::vector<std::int64_t> counts;
        for (const auto& query : queries()) counts.push_back(reader_.count(query));
        return counts;
    };
    const auto before = ask();
    EXPECT_EQ(before[0], static_cast<std::int64_t>(walk({}, 1'001).size()));
    EXPECT_EQ(before[7], 0);
    in_each_state(ask, [](const auto& expected, const auto& got) { ASSERT_EQ(expected, got); });
}

TEST_F(SealedPages, OfAHostThatIsRemovedShowNothing) {
    ASSERT_EQ(pack(), kDays);
    const auto before = walk({}, 1'001).size();
    database_.run("DELETE FROM monitoring.hosts WHERE hostname = 'db-1'");
    const auto after = walk({}, 1'001);
    EXPECT_LT(after.size(), before);
    for (const auto& row : after) ASSERT_NE(row.hostname, "db-1");
}

// How many rows of those partitions a piece of work reads.
class SealedPageCosts : public SealedPages {
  protected:
    template <typename Work>
    std::int64_t rows_read(const std::string& partitions, Work work) {
        const auto counter = [&] {
            const auto session = pool_.acquire();
            session->execute_once("SELECT pg_stat_force_next_flush()");
            session->execute_once("SELECT pg_stat_clear_snapshot()");
            return session
                ->execute_once(
                    "SELECT coalesce(sum(idx_tup_fetch + seq_tup_read), 0)::bigint"
                    " FROM pg_stat_user_tables WHERE relname ~ $1",
                    Parameters{}.text("^" + partitions + "_\\d"))[0]
                .int8(0);
        };
        (void)counter();
        const auto before = counter();
        work(MetricReader{pool_});
        (void)counter();
        return counter() - before;
    }

    Database pool_{database_.options(1)};
};

TEST_F(SealedPageCosts, WithoutAHostOnlyTheSeriesAreReadThatAreShown) {
    std::vector<FilledDatabase::Entry> entries;
    for (int i = 1; i <= 100; ++i) entries.push_back({"metric_" + std::to_string(i), "", ""});
    const auto layout = database_.add_layout(entries);
    for (int i = 0; i < 5; ++i) {
        database_.add_batches(database_.add_host("many-" + std::to_string(i)), layout, 100,
                              format_timestamp(today_ - days{2} + 12h), 60, 600);
    }
    ASSERT_EQ(pack(), kDays);
    MetricQuery query;
    query.end = today_ - days{2} + 20h;
    query.limit = 100;
    const auto rows = rows_read("sealed_series", [&](const MetricReader& reader) {
        EXPECT_EQ(reader.find(query).size(), 100U);
    });
    EXPECT_GT(rows, 0);
    EXPECT_LE(rows, 150) << "of more than 500 series that the day has";
}

TEST_F(SealedPageCosts, NoBatchIsReadForAMetricWithoutAValue) {
    ASSERT_EQ(pack(), kDays);
    MetricQuery query;
    query.metric_type = "never_known";
    query.end = today_ - 1us;
    EXPECT_EQ(
        rows_read("sealed_batches",
                  [&](const MetricReader& reader) { EXPECT_TRUE(reader.find(query).empty()); }),
        0);
    query.metric_type = "load_avg_1min";
    EXPECT_GT(
        rows_read("sealed_batches",
                  [&](const MetricReader& reader) { EXPECT_EQ(reader.find(query).size(), 100U); }),
        0);
}

}  // namespace
}  // namespace chorus::store
