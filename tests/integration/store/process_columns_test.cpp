// The migrations made what the declaration of the columns of a process says.
#include "common/batch/process_columns.h"

#include <gtest/gtest.h>

#include <map>

#include "aggregator/batches/batch_rows.h"
#include "test_database.h"

namespace chorus::store {
namespace {

using Types = std::map<std::string, std::string>;  // by column

class ProcessColumns : public testing::Test {
  protected:
    // `and_more` is SQL that adds to the name of the type.
    Types columns_of(const std::string& relation, const std::string& and_more = "''") {
        Types types;
        const auto rows = database_.pool().acquire()->execute_once(
            "SELECT attname, format_type(atttypid, NULL) || " + and_more +
            " FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped AND attrelid = 'monitoring." +
            relation + "'::regclass");
        for (const Row row : rows) types.emplace(row.text(0), row.text(1));
        return types;
    }

    FilledDatabase database_;
};

std::string shown_type(const ProcessColumnFacts& column) {
    if (column.shown_in_mebibytes) return "double precision";
    switch (column.type) {
        case ColumnType::text:
        case ColumnType::state:
            return "text";
        case ColumnType::real:
            return "double precision";
        case ColumnType::integer64:
            return "bigint";
        case ColumnType::integer16:
        case ColumnType::integer32:
            return "integer";
    }
    return "";
}

TEST_F(ProcessColumns, TheViewShowsEachByTheNameOfTheApi) {
    Types declared{{"id", "uuid"},
                   {"hostname", "text"},
                   {"network_sent_bytes", "bigint"},
                   {"network_recv_bytes", "bigint"},
                   {"timestamp", "timestamp with time zone"},
                   {"created_at", "timestamp with time zone"},
                   {"started_at", "timestamp with time zone"}};
    for (const auto& column : process_column_facts()) {
        if (column.shown) declared.emplace(column.shown_name(), shown_type(column));
    }
    EXPECT_EQ(columns_of("process_metrics"), declared);
}

std::string stored_type(const ProcessColumnFacts& column) {
    switch (column.type) {
        case ColumnType::text:
        case ColumnType::state:
            return "text";
        case ColumnType::real:
            return "real[]";
        case ColumnType::integer64:
        case ColumnType::integer32:
            return "integer[]";
        case ColumnType::integer16:
            return "smallint[]";
    }
    return "";
}

TEST_F(ProcessColumns, TheTableHasEachCompressedAndInItsRow) {
    Types declared;
    for (const char* refs : {"refs", "refs_wide"}) {
        declared.emplace(refs, std::string(refs) == "refs" ? "integer[] ml" : "bigint[] ml");
    }
    for (const auto& column : process_column_facts()) {
        if (column.lifelong) continue;
        declared.emplace(column.column(), stored_type(column) + " ml");
        if (!column.stored_wide.empty()) declared.emplace(column.stored_wide, "bigint[] ml");
    }
    auto stored = columns_of("process_batches", "' ' || attstorage::text || attcompression::text");
    for (const char* other :
         {"ts", "received_at", "host_id", "scanned", "ref_base", "memory_total_bytes",
          "other_count", "other_cpu_percent", "other_rss_bytes"}) {
        EXPECT_EQ(stored.erase(other), 1U) << other;
    }
    EXPECT_EQ(stored, declared);
}

TEST_F(ProcessColumns, EachThatStaysForALifeIsInTheTableOfLives) {
    const auto stored = columns_of("processes");
    for (const auto& column : process_column_facts()) {
        if (!column.lifelong) continue;
        const auto at = stored.find(std::string(column.column()));
        ASSERT_NE(at, stored.end()) << column.name;
        EXPECT_EQ(at->second, shown_type(column)) << column.name;
    }
}

}  // namespace
}  // namespace chorus::store
