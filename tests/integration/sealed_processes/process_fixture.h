// A host with process tables of days that are over, and ways to look at what is packed of them.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "aggregator/schema/lease.h"
#include "aggregator/sealed/processes/process_day.h"
#include "aggregator/sealed/processes/process_rows.h"
#include "tests/integration/sealed_processes/random_processes.h"

namespace chorus::store {
using std::chrono::days;
using std::chrono::sys_days;
using namespace std::chrono_literals;

class SealedProcesses : public testing::Test {
  protected:
    SealedProcesses() {
        host_ = database_.add_host("web-1");
        epoch_ = *take_lease(*database_.pool().acquire(), "test", 60s);
    }

    // Some days ago, so that the day is over. Its partitions are there.
    sys_days day(int ago) {
        const auto then = std::chrono::floor<days>(std::chrono::system_clock::now()) - days{ago};
        const auto text = format_timestamp(Timestamp{then}).substr(0, 10);
        database_.run("SELECT monitoring.ensure_partitions('" + text + "', '" + text + "')");
        return then;
    }
    void fill(std::int32_t host, sys_days on, int count) { processes_.fill(host, on, count); }
    void add(std::int32_t host, Timestamp time) {
        processes_.add(host, time);
        processes_.write();
    }
    std::vector<StoredTable> hot(std::int32_t host, sys_days on) {
        std::vector<StoredTable> tables;
        for (const auto row : database_.pool().acquire()->execute_once(
                 "SELECT " + process_table_columns() +
                     " FROM monitoring.process_batches b"
                     " WHERE b.host_id = $1 AND b.ts >= $2 AND b.ts < $3 ORDER BY b.ts",
                 range(host, on))) {
            tables.push_back(read_table(row, 0));
        }
        return tables;
    }
    std::vector<StoredTable> packed(std::int32_t host, sys_days on) {
        std::vector<StoredTable> tables;
        for (const auto row : database_.pool().acquire()->execute_once(
                 "SELECT " + std::string(kBlockColumns) +
                     " FROM monitoring.sealed_processes"
                     " WHERE host_id = $1 AND first_ts >= $2 AND first_ts < $3 ORDER BY first_ts",
                 range(host, on))) {
            for (auto& table : unpack_tables(read_block(row, 0))) {
                tables.push_back(std::move(table));
            }
        }
        return tables;
    }
    std::int64_t blocks() {
        return database_.number("SELECT count(*) FROM monitoring.sealed_processes");
    }
    PackedDay pack(std::int32_t host, sys_days on, Hot hot) {
        auto session = database_.pool().acquire();
        session->execute_once("SELECT monitoring.ensure_sealed_process_partition($1)",
                              Parameters{}.date(on));
        Transaction transaction{*session};
        const auto done = pack_process_day(*session, epoch_, host, on, hot);
        transaction.commit();
        return done.value();
    }

    FilledDatabase database_;
    RandomProcesses processes_{database_};
    std::int32_t host_ = 0;
    std::int64_t epoch_ = 0;

  private:
    static Parameters range(std::int32_t host, sys_days on) {
        return Parameters{}.int4(host).timestamp(Timestamp{on}).timestamp(Timestamp{on + days{1}});
    }
};

}  // namespace chorus::store
