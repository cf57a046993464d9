// Alert rules get the same samples before and after days are packed.
#include <gmock/gmock.h>

#include <bit>
#include <map>
#include <tuple>

#include "aggregator/alert_store/rule_samples.h"
#include "aggregator/alert_store/sample_reader.h"
#include "sealed_fixture.h"

namespace chorus::store {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

using Sample =
    std::tuple<std::int32_t, Timestamp, Timestamp, std::int32_t, std::vector<std::uint64_t>>;
struct Samples {
    std::vector<std::int32_t> layouts;
    std::vector<Sample> samples;
    bool operator==(const Samples&) const = default;
};

class SealedSamplesTest : public SealedStore {
  protected:
    Samples read(const SampleScope& scope, const WantedPositions& wanted) {
        const auto session = database_.pool().acquire();
        SampleReader reader{*session, scope};
        Samples got{reader.layouts_in_use(), {}};
        const auto rows = reader.samples(wanted);
        for (std::size_t i = 0; i < rows.host_ids.size(); ++i) {
            std::vector<std::uint64_t> bits;
            const auto from = rows.offsets.at(i);
            for (std::size_t p = 0; p < wanted.at(rows.layout_ids.at(i)).size(); ++p) {
                const double value = rows.values.at(from + p);
                bits.push_back(std::bit_cast<std::uint64_t>(value == value ? value : kNoSample));
            }
            got.samples.emplace_back(rows.host_ids[i], rows.times.at(i), rows.received.at(i),
                                     rows.layout_ids[i], bits);
        }
        std::ranges::sort(got.samples);
        return got;
    }
    // All of one host; slots of all hosts; the same with one host by itself; an hour of yesterday.
    std::vector<SampleScope> scopes() const {
        const TimeRange all{today_ - days{kDays}, now_};
        std::vector<TimeRange> slots;
        for (Timestamp at = today_ - days{1} - 7h; at < now_ - 48min; at += 48min) {
            slots.push_back({at - 1us, at + 5min});
        }
        std::vector<SampleScope> list{{{all}, 2h, 1h, {}, hosts_[0]},
                                      {slots, 90s, 30s, {}, {}},
                                      {slots, 90s, 30s, {{hosts_[2], 2h, 30min, 20min}}, {}},
                                      {slots, 90s, 30s, {{hosts_[2], 2h, 30min, {}}}, hosts_[2]},
                                      {slots, 90s, 30s, {{hosts_[2], 2h, 30min, {}}}, hosts_[1]}};
        list.push_back({{{today_ - 5h - 17min, today_ - 4h}}, 90s, 30s, {}, {}});
        list.push_back({{{now_ - 10min, now_}}, 90s, 30s, {}, {}});
        return list;
    }
};

TEST_F(SealedSamplesTest, AreTheSameWhateverIsPacked) {
    // All of one layout, one in the middle of another, the ends of the third.
    const WantedPositions wanted{
        {layouts_[0], {1, 2, 3}}, {layouts_[1], {2}}, {layouts_[2], {1, 3, 4}}};
    const WantedPositions fewer{{layouts_[1], {1, 3}}};
    const auto ask = [&] {
        std::vector<Samples> all;
        for (const auto& scope : scopes()) {
            all.push_back(read(scope, wanted));
            all.push_back(read(scope, fewer));
        }
        return all;
    };
    const auto before = ask();
    for (std::size_t i = 0; i < 6; i += 2) ASSERT_GT(before[i].samples.size(), 50U) << i;
    ASSERT_EQ(before[2].layouts, layouts_);
    in_each_state(ask, [](const auto& expected, const auto& got) {
        for (std::size_t i = 0; i < got.size(); ++i) {
            ASSERT_EQ(expected[i].layouts, got[i].layouts) << i;
            ASSERT_EQ(expected[i].samples.size(), got[i].samples.size()) << i;
            ASSERT_TRUE(expected[i] == got[i]) << i;
        }
    });
}

TEST_F(SealedSamplesTest, ReceiptsAreTheSame) {
    const auto ask = [&] {
        const auto session = database_.pool().acquire();
        return std::vector{read_receipts(*session, hosts_[0], {today_ - days{9}, now_}),
                           read_receipts(*session, hosts_[1], {today_ - 30h, today_ - 7h - 5min})};
    };
    ASSERT_GT(ask()[0].size(), 300U);
    in_each_state(ask, [](const auto& expected, const auto& got) { ASSERT_EQ(expected, got); });
}

}  // namespace
}  // namespace chorus::store
