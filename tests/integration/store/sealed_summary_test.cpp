// The summary of hosts is the same before and after days are packed.
#include <gmock/gmock.h>

#include <cmath>

#include "aggregator/history/summary_reader.h"
#include "sealed_fixture.h"

namespace chorus::store {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using Lines = std::vector<MetricSummary>;

void expect_same(const Lines& expected, const Lines& got) {
    ASSERT_EQ(expected.size(), got.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
        const auto &a = expected[i], &b = got[i];
        ASSERT_EQ(a.hostname, b.hostname);
        ASSERT_EQ(a.metric_type, b.metric_type);
        ASSERT_EQ(a.minimum, b.minimum);
        ASSERT_EQ(a.maximum, b.maximum);
        ASSERT_EQ(a.count, b.count) << a.hostname << " " << a.metric_type;
        ASSERT_NEAR(a.average, b.average, std::fabs(a.average) * 1e-12);
    }
}

class SealedSummaries : public SealedStore {
  protected:
    // From the beginning of a day, of an hour, within an hour, and from before all there is.
    std::vector<Lines> summaries() {
        std::vector<Lines> all;
        for (const auto since :
             {today_ - days{9}, today_ - days{2}, today_ - days{2} + 7h,
              today_ - days{2} + 7h + 41min + 3s, today_ - days{1} + 23h + 50min, today_}) {
            all.push_back(reader_.read(std::nullopt, since));
            all.push_back(reader_.read(std::string{"web-2"}, since));
        }
        all.push_back(reader_.read(std::string{"nobody"}, today_ - days{2}));
        return all;
    }
    void expect_same_in_each_state() {
        const auto before = summaries();
        // Three hosts, of which two have two metrics of the whole host and one has two others.
        ASSERT_EQ(before[0].size(), 6U);
        ASSERT_EQ(before[1].size(), 2U);
        ASSERT_LT(before[6][0].count, before[4][0].count);
        ASSERT_TRUE(before.back().empty());
        in_each_state([&] { return summaries(); },
                      [](const auto& expected, const auto& got) {
                          for (std::size_t i = 0; i < got.size(); ++i) {
                              SCOPED_TRACE(i);
                              expect_same(expected[i], got[i]);
                          }
                      });
    }

    SummaryReader reader_{database_.pool()};  // keeps what it has added up
};

TEST_F(SealedSummaries, AreTheSameWhateverIsPacked) {
    expect_same_in_each_state();
}

// It left batches in the future, which were received before the time that is asked for.
TEST_F(SealedSummaries, AreTheSameWhereAClockWasADayAhead) {
    database_.run(
        "UPDATE monitoring.system_batches SET received_at = received_at - interval '25 h'"
        " WHERE host_id = " +
        std::to_string(hosts_[0]) + " AND payload_hash % 2 = 0");
    expect_same_in_each_state();
}

TEST_F(SealedSummaries, TellOfBatchesThatComeAfterTheFirstLook) {
    const auto since = today_ - days{kDays};
    const auto before = reader_.read(std::nullopt, since);
    take_late();
    const auto without = reader_.read(std::nullopt, since);
    ASSERT_LT(without[0].count, before[0].count);
    expect_same(without, SummaryReader{database_.pool()}.read(std::nullopt, since));
    give_late();
    expect_same(before, reader_.read(std::nullopt, since));
    expect_same(before, reader_.read(std::nullopt, since));
}

// Of a reader that may keep next to nothing.
TEST_F(SealedSummaries, AreTheSameWhereTooMuchIsStoredToBeKept) {
    const auto since = today_ - days{kDays};
    SummaryReader small{database_.pool(), 50};
    const auto expected = reader_.read(std::nullopt, since);
    for (int i = 0; i < 2; ++i) expect_same(expected, small.read(std::nullopt, since));
}

// Values that change without a trace show which of them were kept.
TEST_F(SealedSummaries, KeepTheNewestWhereTooMuchIsStored) {
    const std::string host{"web-2"};
    const auto newest = reader_.read(host, today_ - 2h);
    ASSERT_FALSE(newest.empty());
    SummaryReader small{database_.pool(), 50};
    (void)small.read(host, today_ - days{kDays});
    database_.run("UPDATE monitoring.system_batches SET \"values\" = array_fill(-1.0, ARRAY[3])");
    expect_same(newest, small.read(host, today_ - 2h));
    EXPECT_EQ(small.read(host, today_ - days{kDays})[0].minimum, -1);
}

TEST_F(SealedSummaries, KeepWhatIsAddedUpBesideAHostThatSendsLabelsAlone) {
    database_.add_batch(database_.add_host("labels"),
                        database_.add_layout({{"disk_usage_percent", "/x", "percent"}}),
                        format_timestamp(now_ - 1min), "ARRAY[1]::float8[]");
    const auto read = [&] {
        auto lines = reader_.read(std::nullopt, today_ - 2h);
        std::erase_if(lines, [](const auto& line) { return line.hostname != "web-2"; });
        return lines;
    };
    const auto known = read();
    ASSERT_FALSE(known.empty());
    database_.run("UPDATE monitoring.system_batches SET \"values\" = array_fill(-1.0, ARRAY[3])");
    expect_same(known, read());
}

}  // namespace
}  // namespace chorus::store
