// What is packed is found by moment and by process, and is what was stored.
#include "aggregator/sealed/processes/process_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "tests/integration/sealed_processes/process_fixture.h"

namespace chorus::store {
namespace {

class PackedProcessReaders : public SealedProcesses {
  protected:
    PackedProcessReaders() {
        const auto other = database_.add_host("db-1");
        for (const int ago : {4, 3}) {
            const auto on = day(ago);
            fill(host_, on, 150);
            fill(other, on, 20);
            for (auto& table : hot(host_, on)) stored_.push_back(std::move(table));
            for (const auto host : {host_, other}) pack(host, on, Hot::whole_day);
        }
        first_ = Timestamp{day(4)};
        last_ = Timestamp{day(3) + days{1}} - 1us;
    }
    // As the step that drops the days' partitions does.
    void move_all() {
        database_.run(
            "INSERT INTO monitoring.sealed_process_days (day)"
            " SELECT DISTINCT day FROM monitoring.sealed_processes");
    }
    // The table that find_newest_table() should find.
    const StoredTable* newest(Timestamp from, Timestamp to) const {
        const StoredTable* found = nullptr;
        for (const auto& table : stored_) {
            if (table.head.time >= from && table.head.time <= to) found = &table;
        }
        return found;
    }

    std::vector<StoredTable> stored_;  // of host_, in order of time
    Timestamp first_, last_;
};

TEST_F(PackedProcessReaders, TheTableOfAMomentIsTheNewestOneBeforeIt) {
    move_all();
    const auto session = database_.pool().acquire();
    std::size_t tables = 0;
    for (Timestamp time = first_ - 2h; time < last_ + 2h; time += 17min) {
        const auto* const expected = newest(time - 30min, time);
        const auto found = find_newest_table(*session, host_, time - 30min, time);
        ASSERT_EQ(found.has_value(), expected != nullptr) << format_timestamp(time);
        if (!found) continue;
        ++tables;
        ASSERT_EQ(found->block.heads[found->table], expected->head);
        ASSERT_EQ(unpack_tables(found->block).at(found->table), *expected);
    }
    EXPECT_GT(tables, 50U);
    const auto all = newest_sealed_table(*session, std::nullopt, Timestamp::max());
    EXPECT_GE(all, stored_.back().head.time);
    EXPECT_EQ(newest_sealed_table(*session, host_, Timestamp::max()), stored_.back().head.time);
    const auto middle = stored_[stored_.size() / 2].head.time;
    EXPECT_EQ(newest_sealed_table(*session, host_, middle), middle);
    EXPECT_EQ(newest_sealed_table(*session, host_, first_ - 1h), std::nullopt);
}

TEST_F(PackedProcessReaders, OneProcessIsReadWithoutTheOthers) {
    move_all();
    const auto session = database_.pool().acquire();
    std::set<std::int64_t> known;
    for (const auto& table : stored_) known.insert(table.refs.begin(), table.refs.end());
    const std::vector<std::int64_t> refs{*known.begin(), *std::next(known.begin(), 7), -1};
    using Figures = std::vector<std::tuple<std::int64_t, Timestamp, ProcessFigures>>;
    const Timestamp from = first_ + 7h, to = last_ - 5h;
    Figures expected, got;
    for (const auto& table : stored_) {
        if (table.head.time < from || table.head.time > to) continue;
        for (std::size_t i = 0; i < table.refs.size(); ++i) {
            if (std::ranges::find(refs, table.refs[i]) == refs.end()) continue;
            expected.emplace_back(table.refs[i], table.head.time, table.figures[i]);
        }
    }
    read_process_runs(
        *session, host_, refs, from, to, OnDamage::fail, [&](const ProcessOfBlock& process) {
            const RunReader reader{process.run, process.common};
            for (auto t = process.run.first; t < process.run.first + process.run.tables; ++t) {
                const auto time = process.times[t];
                if (time < from || time > to) continue;
                got.emplace_back(process.run.ref, time, reader.figures(t));
            }
        });
    std::ranges::sort(expected);
    std::ranges::sort(got);
    ASSERT_GT(expected.size(), 3U);
    EXPECT_EQ(got, expected);
}

TEST_F(PackedProcessReaders, BlocksAreReadByTheirHeads) {
    move_all();
    const auto session = database_.pool().acquire();
    const auto on = day(3);
    const Timestamp from = Timestamp{on} + 6h, to = Timestamp{on} + 9h;
    std::vector<StoredTable> got;
    const auto heads = read_block_heads(*session, on, host_, from, to, std::nullopt);
    std::vector<BlockKey> keys;
    for (const auto& block : heads) keys.push_back(block.key);
    read_process_blocks(*session, keys, [&](std::size_t wanted, const ProcessBlock& block) {
        EXPECT_EQ(block.heads, heads.at(wanted).heads);
        EXPECT_EQ(block.samples(), heads.at(wanted).samples);
        for (auto& table : unpack_tables(block)) {
            if (table.head.time >= from && table.head.time <= to) got.push_back(std::move(table));
        }
    });
    std::ranges::sort(got, {}, [](const auto& table) { return table.head.time; });
    std::vector<StoredTable> expected;
    for (const auto& table : stored_) {
        if (table.head.time >= from && table.head.time <= to) expected.push_back(table);
    }
    ASSERT_GT(expected.size(), 3U);
    EXPECT_EQ(got, expected);
    EXPECT_GT(read_block_heads(*session, on, std::nullopt, from, to, std::nullopt).size(),
              heads.size());
    const std::vector<std::int64_t> nobody{-1};
    EXPECT_TRUE(read_block_heads(*session, on, host_, from, to, nobody).empty());
}

TEST_F(PackedProcessReaders, ADamagedBlockCostsItselfAlone) {
    move_all();
    const auto session = database_.pool().acquire();
    const auto on = day(3);
    const auto keys = [&](sys_days day) {
        std::vector<BlockKey> all;
        for (const auto& block : read_block_heads(*session, day, host_, first_, last_, {})) {
            all.push_back(block.key);
        }
        return all;
    };
    const auto sound = keys(day(4));
    ASSERT_FALSE(sound.empty());
    auto all = keys(on);
    all.insert(all.end(), sound.begin(), sound.end());
    std::vector<std::int64_t> refs = stored_.front().refs;
    refs.insert(refs.end(), stored_.back().refs.begin(), stored_.back().refs.end());
    for (const auto* damage : {"ends = '{}'", "body = ''", "times = times[1:1]"}) {
        SCOPED_TRACE(damage);
        Transaction transaction{*session};
        session->execute_once("UPDATE monitoring.sealed_processes SET " + std::string{damage} +
                                  " WHERE host_id = $1 AND day = $2",
                              Parameters{}.int4(host_).date(on));
        std::vector<sys_days> read;
        read_process_blocks(*session, all, [&](std::size_t wanted, const ProcessBlock& block) {
            unpack_tables(block);
            read.push_back(all[wanted].day);
        });
        EXPECT_EQ(read, std::vector(sound.size(), day(4)));
        std::size_t runs = 0;
        const auto take = [&](const ProcessOfBlock& process) {
            const RunReader reader{process.run, process.common};
            ++runs;
        };
        read_process_runs(*session, host_, refs, first_, last_, OnDamage::skip, take);
        EXPECT_GT(runs, 0U);
        const auto read_all = [&] {
            read_process_runs(*session, host_, refs, first_, last_, OnDamage::fail, take);
        };
        EXPECT_THROW(read_all(), DamagedRow);
        EXPECT_THROW(find_newest_table(*session, host_, first_, last_), DamagedRow);
        EXPECT_TRUE(find_newest_table(*session, host_, first_, Timestamp{on} - 1us));
    }
}

// They are read from process_batches.
TEST_F(PackedProcessReaders, DaysThatHaveNotMovedAreNotFound) {
    const auto session = database_.pool().acquire();
    const auto time = stored_.back().head.time;
    EXPECT_TRUE(find_sealed_process_days(*session, first_, last_).empty());
    EXPECT_FALSE(find_newest_table(*session, host_, first_, time));
    EXPECT_EQ(newest_sealed_table(*session, host_, time), std::nullopt);
    std::vector<std::int64_t> refs = stored_.back().refs;
    read_process_runs(*session, host_, refs, first_, last_, OnDamage::fail,
                      [](const ProcessOfBlock&) { ADD_FAILURE(); });
    move_all();
    EXPECT_EQ(find_sealed_process_days(*session, Timestamp::min(), Timestamp::max()).size(), 2U);
    EXPECT_TRUE(find_newest_table(*session, host_, first_, time));
}

}  // namespace
}  // namespace chorus::store
