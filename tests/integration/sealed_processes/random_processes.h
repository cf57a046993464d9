// Random process tables, written as the aggregator writes those of its batches.
#pragma once

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "aggregator/batches/batch_rows.h"
#include "common/batch/process_columns.h"
#include "tests/integration/store/test_database.h"

namespace chorus::store {

// Lives of processes of some hosts: each begins, lasts for a while and ends. Most figures stay the
// same from one table to the next, some are not known.
class RandomProcesses {
  public:
    explicit RandomProcesses(FilledDatabase& database) : database_(database) {}

    // A process table of the host at that time, received a moment later.
    void add(std::int32_t host, Timestamp time) {
        auto& alive = alive_[host];
        std::erase_if(alive, [&](const auto&) { return one_of(30); });
        while (alive.size() < 5 || !one_of(3)) alive.push_back(begin(host));
        if (one_of(20)) std::ranges::shuffle(alive, random_);
        PreparedBatch prepared;
        auto& table = prepared.batch.processes.emplace();
        table.scanned = static_cast<std::int64_t>(alive.size());
        prepared.received_at = time + std::chrono::microseconds{random_() % 3'000'000};
        if (!one_of(10)) prepared.batch.host.memory_total_bytes = std::int64_t{1} << 33U;
        if (one_of(3)) table.other = ProcessRemainder{3, 0.5, 4'096};
        std::vector<std::int64_t> refs;
        for (auto& [ref, process] : alive) {
            if (one_of(30)) continue;  // not sent this time
            change(process);
            refs.push_back(ref);
            table.rows.push_back(process);
        }
        if (one_of(40)) {
            table.rows.clear();
            refs.clear();
        }
        append_process_row(rows_, prepared, {host, time}, refs);
    }
    // `count` tables at random moments of the day.
    void fill(std::int32_t host, std::chrono::sys_days day, int count) {
        for (int i = 0; i < count; ++i) {
            add(host, Timestamp{day} + std::chrono::microseconds{random_() % 86'400'000'000ULL});
        }
        write();
    }
    // Writes what was added.
    void write() {
        auto session = database_.pool().acquire();
        Transaction transaction{*session};
        CopyIn copy{*session, process_row_target()};
        copy.encoded_rows(rows_);
        copy.finish();
        transaction.commit();
        rows_.clear();
    }

  private:
    struct Life {
        std::int64_t ref = 0;
        chorus::ProcessSample process;
    };

    bool one_of(unsigned many) { return random_() % many == 0; }

    Life begin(std::int32_t host) {
        const auto number = ++begun_;
        const auto name = "task" + std::to_string(number % 7);
        const auto text = std::to_string(number);
        Life life;
        life.ref = database_.number(
            "INSERT INTO monitoring.processes (host_id, digest, boot_id, pid, start_ticks, name,"
            " username, unit, started_at, last_seen_day) VALUES (" +
            std::to_string(host) + ", md5('life" + text + "')::uuid, md5('boot')::uuid, " +
            std::to_string(100 + number % 50) + ", " + text + ", '" + name + "', 'user" +
            std::to_string(number % 3) + "', '', now(), current_date) RETURNING process_ref");
        for_each_process_column([&]<std::size_t I>() { set<I>(life.process); });
        return life;
    }
    void change(chorus::ProcessSample& process) {
        for_each_process_column([&]<std::size_t I>() {
            if (one_of(10)) set<I>(process);
        });
    }
    template <std::size_t I>
    void set(chorus::ProcessSample& process) {
        constexpr auto column = process_column<I>();
        if constexpr (!column.lifelong) {
            auto& value = process.*column.member;
            using Value = typename std::remove_reference_t<decltype(value)>::value_type;
            value.reset();
            if (one_of(8)) return;
            const auto some = random_() % 1'000;
            if constexpr (column.type == ColumnType::state) {
                value = one_of(3) ? ProcessState::running : ProcessState::sleeping;
            } else if constexpr (column.type == ColumnType::real) {
                value = one_of(5) ? static_cast<double>(some) / 7 : static_cast<double>(some) / 1e3;
            } else if constexpr (column.type == ColumnType::integer64) {
                value = static_cast<Value>(one_of(500) ? some + 1 : some * 4'096);
            } else {
                value = static_cast<Value>(some % 20);
            }
        }
    }

    FilledDatabase& database_;
    std::map<std::int32_t, std::vector<Life>> alive_;
    std::string rows_;
    std::int64_t begun_ = 0;
    std::mt19937_64 random_{17};
};

}  // namespace chorus::store
