// Random process tables of two hosts over three days, and the way of these days into their packed
// form, for tests of what readers see meanwhile.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "aggregator/schema/lease.h"
#include "aggregator/sealed/processes/process_day.h"
#include "tests/integration/sealed_processes/random_processes.h"
#include "tests/integration/store/test_database.h"

namespace chorus::store {

class PackedStore : public testing::Test {
  protected:
    static constexpr int kDays = 3;

    PackedStore() {
        using namespace std::chrono_literals;
        const Timestamp now =
            std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
        today_ = std::chrono::floor<std::chrono::days>(now);
        make_partitions();
        for (const auto* name : {"web-1", "db-1"}) hosts_.push_back(database_.add_host(name));
        std::mt19937_64 random{23};
        for (const auto host : hosts_) {
            // Some of today, none in the future: readers leave those out for now.
            const auto end = std::min(now, today_ + 10min);
            for (Timestamp time = today_ - std::chrono::days{kDays}; time < end;
                 time += std::chrono::microseconds{random() % 1'800'000'000}) {
                if (random() % 40 == 0) time += 5h;
                processes_.add(host, time);
            }
        }
        processes_.write();
        epoch_ = *take_lease(*database_.pool().acquire(), "test", 600s);
    }

    void make_partitions() {
        const auto text = [](Timestamp time) { return format_timestamp(time).substr(0, 10); };
        database_.run("SELECT monitoring.ensure_partitions('" +
                      text(today_ - std::chrono::days{kDays}) + "', '" + text(today_) + "')");
    }
    std::chrono::sys_days day(int ago) const {
        return std::chrono::floor<std::chrono::days>(today_) - std::chrono::days{ago};
    }
    void pack(std::chrono::sys_days day, Hot hot) {
        for (const auto host : hosts_) {
            const auto session = database_.pool().acquire();
            session->execute_once("SELECT monitoring.ensure_sealed_process_partition($1)",
                                  Parameters{}.date(day));
            Transaction transaction{*session};
            ASSERT_TRUE(pack_process_day(*session, epoch_, host, day, hot));
            transaction.commit();
        }
    }
    void move(std::chrono::sys_days day) {
        const auto text = format_timestamp(Timestamp{day}).substr(0, 10);
        auto suffix = text;
        std::erase(suffix, '-');
        database_.run("DROP TABLE monitoring.process_batches_" + suffix +
                      "; INSERT INTO monitoring.sealed_process_days (day) VALUES ('" + text + "')");
    }

    // Takes a part of the old tables away, as if they had not come yet; all of one host and day.
    void take_late() {
        const auto late = "ts < '" + format_timestamp(today_) +
                          "' AND (extract(microseconds FROM ts)::bigint % 15 = 0 OR host_id = " +
                          std::to_string(hosts_[1]) + " AND ts < '" +
                          format_timestamp(Timestamp{day(kDays - 1)}) + "')";
        database_.run("CREATE TABLE late AS SELECT * FROM monitoring.process_batches WHERE " +
                      late);
        database_.run("DELETE FROM monitoring.process_batches WHERE " + late);
        ASSERT_GT(database_.number("SELECT count(*) FROM late"), 20);
    }
    void give_late() {
        make_partitions();
        database_.run("INSERT INTO monitoring.process_batches SELECT * FROM late");
    }

    // Asks in each state that the days go through, and compares with what is said while all lie in
    // process_batches.
    template <typename Ask, typename Compare>
    void in_each_state(Ask ask, Compare compare) {
        const auto with_late = ask();
        take_late();
        const auto without = ask();
        const auto check = [&](const char* state, const auto& expected) {
            SCOPED_TRACE(state);
            compare(expected, ask());
        };
        for (int ago = kDays; ago > 0; --ago) pack(day(ago), Hot::whole_day);
        check("packed, and none has moved", without);
        move(day(2));
        check("the middle one has moved", without);
        move(day(3));
        move(day(1));
        check("all have moved", without);
        give_late();
        check("late tables have come", with_late);
        for (int ago = kDays; ago > 0; --ago) pack(day(ago), Hot::late);
        ASSERT_EQ(database_.number("SELECT count(*) FROM monitoring.process_batches WHERE ts < '" +
                                   format_timestamp(today_) + "'"),
                  0);
        check("late tables are merged", with_late);
    }

    FilledDatabase database_;
    RandomProcesses processes_{database_};
    std::vector<std::int32_t> hosts_;
    Timestamp today_{};
    std::int64_t epoch_ = 0;
};

}  // namespace chorus::store
