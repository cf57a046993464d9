// Random batches of three hosts over three days and a bit, and the way of these days into their
// packed form, for tests of what readers see meanwhile.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "aggregator/schema/lease.h"
#include "aggregator/sealed/seal_job.h"
#include "aggregator/sealed/series_codec.h"
#include "test_database.h"

namespace chorus::store {

class SealedStore : public testing::Test {
  protected:
    static constexpr int kDays = 3;

    SealedStore() {
        using std::chrono::days;
        for (const auto* name : {"web-1", "web-2", "db-1"})
            hosts_.push_back(database_.add_host(name));
        layouts_ = {
            database_.add_layout({{"cpu_usage_percent", "", "percent"},
                                  {"disk_usage_percent", "/", "percent", R"({"mountpoint": "/"})"},
                                  {"memory_used_mb", "", "mb"}}),
            database_.add_layout(
                {{"memory_used_mb", "", "mb"},
                 {"disk_usage_percent", "/var", "percent", R"({"mountpoint": "/var"})"},
                 {"cpu_usage_percent", "", "percent"}}),
            database_.add_layout({{"load_avg_1min", "", ""},
                                  {"disk_usage_percent", "/", "percent", R"({"mountpoint": "/"})"},
                                  {"never_known", "", ""},
                                  {"cpu_usage_percent", "", "percent"}})};
        today_ = std::chrono::floor<days>(std::chrono::system_clock::now());
        now_ = today_ + std::chrono::minutes{10};
        make_partitions();
        fill();
    }

    void make_partitions() {
        const auto text = [](Timestamp time) { return format_timestamp(time).substr(0, 10); };
        database_.run("SELECT monitoring.ensure_partitions('" +
                      text(today_ - std::chrono::days{kDays}) + "', '" + text(today_) + "')");
    }

    // About every five minutes, with hours of silence. The third host has a layout of its own.
    void fill() {
        using namespace std::chrono_literals;
        auto session = database_.pool().acquire();
        Transaction transaction{*session};
        CopyIn rows{*session,
                    "monitoring.system_batches"
                    " (host_id, ts, received_at, payload_hash, layout_id, \"values\")"};
        for (std::size_t host = 0; host < hosts_.size(); ++host) {
            for (Timestamp time = today_ - std::chrono::days{kDays}; time < now_;
                 time += std::chrono::microseconds{random_() % 600'000'000}) {
                if (random_() % 100 == 0) time += 5h;
                const auto layout = host == 2 ? 2 : random_() % 2;
                const std::vector<double> values{
                    value(100), value(1e4), layout == 2 ? kNoSample : value(1 << 10), value(7)};
                rows.row(
                    Parameters{}
                        .int4(hosts_[host])
                        .timestamp(time)
                        .timestamp(time + delay())
                        .int8(static_cast<std::int64_t>(random_()))
                        .int4(layouts_[layout])
                        .float8_array_nan_is_null(std::span{values}.first(layout == 2 ? 4 : 3)));
            }
        }
        rows.finish();
        transaction.commit();
    }
    double value(double divisor) {
        if (random_() % 10 == 0) return kNoSample;
        return static_cast<double>(random_() % 100'000) / divisor;
    }
    // Mostly a second or two; some batches wait for an hour, and some clocks are ahead.
    std::chrono::microseconds delay() {
        const auto kind = random_() % 20;
        const std::chrono::microseconds some{random_() % 2'000'000};
        if (kind == 0) return std::chrono::hours{1} + some;
        if (kind == 1) return -std::chrono::minutes{20} - some;
        return some;
    }

    // Takes a part of the old batches away, as if they had not come yet; all of one host and day.
    void take_late() {
        database_.run(
            "CREATE TABLE late AS SELECT * FROM monitoring.system_batches"
            " WHERE ts < '" +
            format_timestamp(today_) +
            "' AND (payload_hash % 20 = 0"
            " OR host_id = " +
            std::to_string(hosts_[1]) + " AND ts < '" +
            format_timestamp(today_ - std::chrono::days{kDays - 1}) + "')");
        database_.run(
            "DELETE FROM monitoring.system_batches b USING late l"
            " WHERE b.host_id = l.host_id AND b.ts = l.ts");
        ASSERT_GT(database_.number("SELECT count(*) FROM late"), 100);
    }
    // They come.
    void give_late() {
        make_partitions();
        database_.run("INSERT INTO monitoring.system_batches SELECT * FROM late");
        database_.run(
            "INSERT INTO monitoring.late_days (host_id, day)"
            " SELECT DISTINCT host_id, (ts AT TIME ZONE 'UTC')::date FROM late");
    }
    // How many days have moved.
    std::int64_t pack(std::function<bool()> stopping = [] { return false; }) {
        using namespace std::chrono_literals;
        auto session = database_.pool().acquire();
        const auto epoch = *take_lease(*session, "test", 60s);
        SealJob{database_.pool(), {.after = 0h, .cpu_percent = 100}, std::move(stopping)}.run(
            epoch);
        return database_.number("SELECT count(*) FROM monitoring.sealed_days");
    }

    // Asks in each state that the days go through, and compares with what is said while all lie in
    // system_batches.
    template <typename Ask, typename Compare>
    void in_each_state(Ask ask, Compare compare) {
        const auto with_late = ask();
        take_late();
        const auto without = ask();
        const auto check = [&](const char* state, const auto& expected) {
            SCOPED_TRACE(state);
            compare(expected, ask());
        };
        int asked = 0;
        ASSERT_EQ(pack([&] { return ++asked > 2; }), 0);
        check("one day is packed in part", without);
        ASSERT_LT(pack([&] { return ++asked > 8; }), kDays);
        check("some have moved", without);
        ASSERT_EQ(pack(), kDays);
        check("all have moved", without);
        give_late();
        check("late batches have come", with_late);
        // Silent hosts, whose rows of yesterday are packed, too.
        database_.run("UPDATE monitoring.hosts SET last_seen = now() - interval '25 hours'");
        ASSERT_EQ(pack(), kDays);
        ASSERT_EQ(database_.number("SELECT count(*) FROM monitoring.late_days"), 0);
        check("late batches are merged", with_late);
    }

    FilledDatabase database_;
    std::vector<std::int32_t> hosts_, layouts_;
    Timestamp today_, now_;
    std::mt19937_64 random_{5};
};

}  // namespace chorus::store
