// Two hosts with a few batches, for tests of what the API reads back.
#pragma once

#include <gtest/gtest.h>

#include "aggregator/history/metric_reader.h"
#include "test_database.h"

namespace chorus::store {

// Two hosts, three batches each at 10:00:00, 10:00:30 and 10:01:00; values are 1000 * n + position.
class Readers : public testing::Test {
  protected:
    Readers() {
        web_ = database_.add_host("web-01");
        db_ = database_.add_host("db-01");
        const auto layout = database_.add_layout(
            {{"cpu_usage_percent", "", "percent"},
             {"disk_usage_percent", "", "percent"},
             {"disk_usage_percent", "/var", "percent", R"({"mountpoint": "/var"})"}});
        database_.add_batches(web_, layout, 3, "2026-01-02 10:00:00+00", 30, 3);
        database_.add_batches(db_, layout, 3, "2026-01-02 10:00:00+00", 30, 3);
        database_.add_batch(web_, layout, "2026-01-02 10:01:30+00", "ARRAY[NULL, 2, 3]::float8[]");
    }

    FilledDatabase database_;
    MetricReader metrics_{database_.pool()};
    std::int32_t web_ = 0;
    std::int32_t db_ = 0;
};

}  // namespace chorus::store
