// Hosts with days that are over, and ways to look at what is packed of them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "aggregator/schema/lease.h"
#include "aggregator/sealed/host_day.h"
#include "aggregator/sealed/seal_job.h"
#include "aggregator/sealed/sealed_rows.h"
#include "tests/integration/store/test_database.h"

namespace chorus::store {
using std::chrono::days;
using std::chrono::sys_days;
using namespace std::chrono_literals;

// A batch as it is packed: key, receipt, short hash, layout, and the bits of its values.
using Batch =
    std::tuple<Timestamp, Timestamp, std::int32_t, std::int32_t, std::vector<std::uint64_t>>;
using Batches = std::vector<Batch>;

inline std::vector<std::uint64_t> bits_of(const std::vector<double>& values) {
    std::vector<std::uint64_t> bits;
    for (const double value : values) {
        bits.push_back(std::bit_cast<std::uint64_t>(value == value ? value : kNoSample));
    }
    return bits;
}

class Sealing : public testing::Test {
  protected:
    Sealing() {
        hosts_ = {database_.add_host("web-1"), database_.add_host("db-1")};
        layouts_ = {database_.add_layout({{"cpu_usage_percent", "", "percent"},
                                          {"disk_usage_percent", "/", "percent"},
                                          {"memory_used_mb", "", "mb"}}),
                    database_.add_layout({{"memory_used_mb", "", "mb"},
                                          {"disk_usage_percent", "/var", "percent"},
                                          {"cpu_usage_percent", "", "percent"}})};
        epoch_ = *take_lease(*database_.pool().acquire(), "test", 60s);
    }

    // Some days ago, so that the day is over. Its partitions are there. Whether the day before
    // yesterday is due depends on the hour, so no test may have it.
    sys_days day(int ago) {
        if (ago == 2) throw std::invalid_argument{"take a day that is due at every hour"};
        const auto then = std::chrono::floor<days>(std::chrono::system_clock::now()) - days{ago};
        const auto text = format_timestamp(Timestamp{then}).substr(0, 10);
        database_.run("SELECT monitoring.ensure_partitions('" + text + "', '" + text + "')");
        return then;
    }

    // `count` batches at random moments of the day, of both layouts, some values missing.
    void fill(std::int32_t host, sys_days on, int count) {
        auto session = database_.pool().acquire();
        Transaction transaction{*session};
        CopyIn rows{*session,
                    "monitoring.system_batches"
                    " (host_id, ts, received_at, payload_hash, layout_id, \"values\")"};
        for (int i = 0; i < count; ++i) {
            const auto micros = static_cast<std::int64_t>(random_() % 86'400'000'000ULL);
            const Timestamp time = Timestamp{on} + std::chrono::microseconds{micros};
            const std::vector<double> values{value(100, 100), value(100, 1'000'000),
                                             value(1 << 30, 1'048'576)};
            rows.row(Parameters{}
                         .int4(host)
                         .timestamp(time)
                         .timestamp(time + std::chrono::microseconds{random_() % 5'000'000})
                         .int8(static_cast<std::int64_t>(random_()))
                         .int4(layouts_[random_() % 2])
                         .float8_array_nan_is_null(values));
        }
        rows.finish();
        transaction.commit();
    }
    double value(std::uint64_t most, double divisor) {
        if (random_() % 20 == 0) return kNoSample;
        return static_cast<double>(random_() % (most * 100)) / divisor;
    }
    // As the writer does with a late batch.
    void mark_late(std::int32_t host, sys_days on) {
        database_.pool().acquire()->execute_once(
            "INSERT INTO monitoring.late_days AS l (host_id, day) VALUES ($1, $2)"
            " ON CONFLICT (day, host_id) DO UPDATE SET marks = l.marks + 1",
            Parameters{}.int4(host).date(on));
    }

    Batches hot(std::int32_t host, sys_days on) {
        Batches batches;
        for (const auto row : database_.pool().acquire()->execute_once(
                 "SELECT ts, received_at, payload_hash, layout_id, \"values\""
                 " FROM monitoring.system_batches WHERE host_id = $1 AND ts >= $2 AND ts < $3"
                 " ORDER BY ts",
                 Parameters{}
                     .int4(host)
                     .timestamp(Timestamp{on})
                     .timestamp(Timestamp{on + days{1}}))) {
            batches.emplace_back(row.timestamp(0), row.timestamp(1), short_hash(row.int8(2)),
                                 row.int4(3), bits_of(row.float8_array(4)));
        }
        return batches;
    }
    Batches packed(std::int32_t host, sys_days on);
    std::int64_t moved() { return database_.number("SELECT count(*) FROM monitoring.sealed_days"); }
    std::int64_t rows(const std::string& table) {
        return database_.number("SELECT count(*) FROM monitoring." + table);
    }
    // Packs the host's day and does not move it.
    PackedDay pack(std::int32_t host, sys_days on, std::size_t values = kValuesAtATime) {
        auto session = database_.pool().acquire();
        session->execute_once("SELECT monitoring.ensure_sealed_partitions($1)",
                              Parameters{}.date(on));
        Transaction transaction{*session};
        const auto done = pack_host_day(*session, epoch_, host, on, Hot::whole_day, values);
        transaction.commit();
        return done.value();
    }
    SealOutcome run() {
        return SealJob{database_.pool(), {.cpu_percent = 100}, [] { return false; }}.run(epoch_);
    }

    FilledDatabase database_;
    std::vector<std::int32_t> hosts_, layouts_;
    std::int64_t epoch_ = 0;
    std::mt19937_64 random_{7};
};

}  // namespace chorus::store
