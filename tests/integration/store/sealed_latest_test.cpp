// The newest batch of a host is shown although its day could be packed.
#include "aggregator/history/latest_reader.h"
#include "sealed_fixture.h"

namespace chorus::store {
namespace {

using std::chrono::days;

TEST_F(SealedStore, TheNewestBatchOfAHostWhoseClockIsADayBehindIsShown) {
    // As if the others went on today, and this one were at the end of a day that is over.
    database_.run(
        "DELETE FROM monitoring.system_batches WHERE host_id = " + std::to_string(hosts_[0]) +
        " AND ts >= '" + format_timestamp(today_ - days{1}) + "'");
    database_.run(
        "UPDATE monitoring.hosts SET latest_made_at = now(), latest_ts = (SELECT max(ts)"
        " FROM monitoring.system_batches WHERE host_id = " +
        std::to_string(hosts_[0]) + ") WHERE hostname = 'web-1'");
    const LatestReader reader{database_.pool()};
    const auto before = reader.of("web-1");
    ASSERT_TRUE(before);
    EXPECT_EQ(pack(), kDays - 1);
    const auto after = reader.of("web-1");
    ASSERT_TRUE(after);
    EXPECT_EQ(after->time, before->time);
}

}  // namespace
}  // namespace chorus::store
