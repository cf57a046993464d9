// SQL unpacks what C++ has packed: every value bit for bit, and the same figures of the hours.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <random>

#include "aggregator/sealed/sealed_rows.h"
#include "test_database.h"

namespace chorus::store {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using std::chrono::sys_days;
using Random = std::mt19937_64;
using Source = std::function<double(Random&)>;

double decimals(Random& random, std::uint64_t most, double divisor) {
    return static_cast<double>(random() % most) / divisor;
}

// One nature of values each.
const std::pair<const char*, Source> kSources[] = {
    {"percent", [](auto& r) { return decimals(r, 10'001, 100); }},
    {"six decimals below 0", [](auto& r) { return -decimals(r, 1'000'000, 1e6); }},
    {"pages", [](auto& r) { return 4'096 * decimals(r, 10'000'000, 1); }},
    {"MiB", [](auto& r) { return decimals(r, 1U << 30U, 1'048'576); }},
    {"GiB", [](auto& r) { return decimals(r, 1ULL << 44U, 1'073'741'824); }},
    {"wide", [](auto& r) { return decimals(r, 1ULL << 51U, 1) - decimals(r, 1ULL << 51U, 1) / 2; }},
    {"0 or 1", [](auto& r) { return decimals(r, 2, 1); }},
    {"constant", [](auto&) { return -7.25; }},
    {"zero of both signs", [](auto& r) { return r() % 2 == 0 ? 0.0 : -0.0; }},
    {"any bits",
     [](auto& r) {
         const auto value = std::bit_cast<double>(r());
         return std::isfinite(value) ? value : 1.0;
     }},
    {"extremes",
     [](auto& r) {
         constexpr double some[] = {1e308, -1e308, 5e-324, 0x1p51, -0x1p51 + 1, 0x1p51 - 1};
         return some[r() % std::size(some)];
     }},
    {"least", [](auto&) { return 5e-324; }},
    {"some that come again",
     [](auto& r) {
         constexpr double some[] = {0.1, 1'234.5, 300'000.3};
         return some[r() % std::size(some)];
     }},
};

struct Day {
    SealedBatches batches;
    std::vector<double> values;
    HourStarts hours{};
};

// Hours of 0 to 40 batches; some have one value, of some days values are missing.
Day random_day(Random& random, const Source& source, sys_days day) {
    Day made;
    const auto missing = random() % 3 * 5;  // percent
    const auto delay = static_cast<std::int64_t>(random() % 2'000'000) - 1'000'000;
    const auto most = 1 + (random() % 4 == 0 ? 0 : random() >> (2 + random() % 58));
    for (int hour = 0; hour < kHoursOfDay; ++hour) {
        const auto count = random() % 4 == 0 ? 0 : random() % 40;
        const bool one_value = random() % 5 == 0;
        const double value = source(random);
        for (std::uint64_t i = 0; i < count; ++i) {
            made.batches.times.push_back(Timestamp{day} + hours{hour} + seconds{i});
            made.batches.delays.emplace_back(delay + static_cast<std::int64_t>(random() % most));
            made.batches.hashes.push_back(0);
            made.batches.layout_ids.push_back(1);
            made.values.push_back(random() % 100 < missing ? kNoSample
                                  : one_value              ? value
                                                           : source(random));
        }
    }
    made.hours = hours_of(made.batches.times, day);
    return made;
}

// 40 days of each source, each as that of a host of its own.
class Unseal : public testing::Test {
  protected:
    static constexpr int kDaysOfSource = 40;

    Unseal() {
        database_.run("SELECT monitoring.ensure_sealed_partitions('2026-01-02')");
        Random random{5};
        for (const auto& [name, source] : kSources) {
            for (int i = 0; i < kDaysOfSource; ++i) {
                days_.push_back(random_day(random, source, day_));
                packed_.push_back(pack_series(days_.back().values, days_.back().hours));
            }
        }
        auto session = database_.pool().acquire();
        Transaction transaction{*session};
        copy(*session, kBatchTarget, [&](std::size_t i, std::int32_t host) {
            return batch_row(day_, host, days_[i].batches, days_[i].hours);
        });
        copy(*session, kSeriesTarget, [&](std::size_t i, std::int32_t host) {
            return series_row(day_, host, 1, packed_[i], days_[i].hours);
        });
        transaction.commit();
    }

    void copy(Session& session, std::string_view target,
              const std::function<Parameters(std::size_t, std::int32_t)>& row) {
        CopyIn rows{session, target};
        for (std::size_t i = 0; i < days_.size(); ++i) {
            rows.row(row(i, static_cast<std::int32_t>(i)));
        }
        rows.finish();
    }

    // Calls a function for the columns of each row; `figures` begin with the host.
    Result ask(const std::string& figures, const std::string& call) {
        return database_.pool().acquire()->execute_once(
            "SELECT " + figures +
            " FROM monitoring.sealed_series s JOIN monitoring.sealed_batches b USING (host_id, day)"
            " CROSS JOIN LATERAL monitoring." +
            call + " u");
    }
    static std::string source_of(std::size_t host) {
        return kSources[host / kDaysOfSource].first + std::string{", day "} + std::to_string(host);
    }

    FilledDatabase database_;
    const sys_days day_ = std::chrono::floor<std::chrono::days>(at("2026-01-02T00:00:00Z"));
    std::vector<Day> days_;
    std::vector<PackedSeries> packed_;
};

TEST_F(Unseal, GivesEveryValueBitForBit) {
    std::vector<std::vector<double>> found;
    for (const auto& day : days_) found.emplace_back(day.values.size(), kNoSample);
    for (const auto row : ask("s.host_id, u.hour, u.place, u.timestamp, u.value",
                              "unseal(b.batches, b.times, s.multiplier, s.divisor, s.low, s.high,"
                              " s.hours, s.counts, s.width, s.bits, s.plain)")) {
        const auto host = static_cast<std::size_t>(row.int4(0));
        const auto place = static_cast<std::size_t>(row.int4(2)) - 1;
        ASSERT_LT(place, found[host].size());
        const auto time = days_[host].batches.times[place];
        ASSERT_EQ(row.timestamp(3), time);
        ASSERT_EQ(hours{row.int4(1)}, std::chrono::floor<hours>(time) - day_);
        ASSERT_NE(found[host][place], found[host][place]) << "twice";
        found[host][place] = row.float8(4);
    }
    for (std::size_t host = 0; host < days_.size(); ++host) {
        SCOPED_TRACE(source_of(host));
        std::vector<double> unpacked;
        unpack_hours(packed_[host], days_[host].hours, 0, kHoursOfDay, unpacked);
        ASSERT_EQ(unpacked.size(), found[host].size());
        for (std::size_t i = 0; i < unpacked.size(); ++i) {
            const auto bits = [](double value) { return std::bit_cast<std::uint64_t>(value); };
            ASSERT_EQ(bits(found[host][i]), bits(unpacked[i])) << i;
            ASSERT_EQ(bits(found[host][i]), bits(days_[host].values[i])) << i;
        }
    }
}

TEST_F(Unseal, TakesBothKindsOfCodes) {
    std::size_t by_day = 0, by_hours = 0;
    for (const auto& series : packed_) {
        if (series.bit_count > 0) ++(series.width > 0 ? by_day : by_hours);
    }
    EXPECT_GT(by_day, 20U);
    EXPECT_GT(by_hours, 20U);
}

TEST_F(Unseal, GivesTheDelayOfEveryBatch) {
    std::size_t found = 0;
    for (const auto row : database_.pool().acquire()->execute_once(
             "SELECT b.host_id, n::int - 1, monitoring.sealed_delay(b.delay_low, b.delays,"
             " b.number, n::int)"
             " FROM (SELECT host_id, times, cardinality(times) AS number, delay_low,"
             "       delays || B'' AS delays"
             "       FROM monitoring.sealed_batches OFFSET 0) b"
             " CROSS JOIN unnest(b.times) WITH ORDINALITY AS t (ts, n)")) {
        const auto& delays = days_[static_cast<std::size_t>(row.int4(0))].batches.delays;
        ASSERT_EQ(row.int8(2), delays[static_cast<std::size_t>(row.int4(1))].count());
        ++found;
    }
    std::size_t expected = 0;
    for (const auto& day : days_) expected += day.values.size();
    EXPECT_EQ(found, expected);
}

TEST_F(Unseal, GivesTheFiguresOfEveryDay) {
    int known = 0;
    for (const auto row : database_.pool().acquire()->execute_once(
             "SELECT host_id, " + std::string{kDayColumns} + " FROM monitoring.sealed_series")) {
        const auto host = static_cast<std::size_t>(row.int4(0));
        SCOPED_TRACE(source_of(host));
        const auto day = read_day(row, 1);
        ASSERT_EQ(!day, packed_[host].is_plain());
        if (!day) continue;
        const auto expected = rollup_day(packed_[host], days_[host].hours);
        ASSERT_EQ(day->minimum, expected.minimum);
        ASSERT_EQ(day->maximum, expected.maximum);
        ASSERT_EQ(day->sum, expected.sum);
        ASSERT_EQ(day->count, expected.count);
        ++known;
    }
    EXPECT_GT(known, 100);
}

TEST_F(Unseal, GivesTheFiguresOfEveryHour) {
    std::vector<std::array<std::int64_t, kHoursOfDay>> counts(days_.size());
    for (const auto row : ask("s.host_id, u.hour, u.minimum, u.maximum, u.sum, u.count::bigint",
                              "unseal_hours(b.batches, s.multiplier, s.divisor, s.low, s.high,"
                              " s.hours, s.counts, s.plain)")) {
        const auto host = static_cast<std::size_t>(row.int4(0));
        SCOPED_TRACE(source_of(host));
        const auto expected = rollup(packed_[host], days_[host].hours, row.int4(1));
        ASSERT_EQ(row.float8(2), expected.minimum);
        ASSERT_EQ(row.float8(3), expected.maximum);
        ASSERT_EQ(row.int8(5), expected.count);
        counts[host][static_cast<std::size_t>(row.int4(1))] += row.int8(5);
        const auto largest = std::max(std::fabs(expected.minimum), std::fabs(expected.maximum));
        ASSERT_EQ(row.is_null(4), largest >= 1e300);
        if (largest >= 1e300) continue;
        ASSERT_NEAR(row.float8(4), expected.sum,
                    largest * static_cast<double>(expected.count) * 1e-15);
    }
    for (std::size_t host = 0; host < days_.size(); ++host) {
        for (int hour = 0; hour < kHoursOfDay; ++hour) {
            ASSERT_EQ(counts[host][static_cast<std::size_t>(hour)],
                      rollup(packed_[host], days_[host].hours, hour).count);
        }
    }
}

}  // namespace
}  // namespace chorus::store
