// A database of one's own on the server of CHORUS_TEST_DATABASE_URL, dropped at the end.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/postgres/database.h"
#include "common/timestamp.h"

namespace chorus::store {

class TestDatabase {
  public:
    TestDatabase();
    ~TestDatabase();
    TestDatabase(const TestDatabase&) = delete;
    TestDatabase& operator=(const TestDatabase&) = delete;

    const std::string& name() const { return name_; }
    std::string url() const;
    DatabaseOptions options(int sessions = 4) const;
    // A pool on the server's maintenance database, for what must be done from outside.
    Database& server() { return *server_; }

  private:
    std::string server_url_;
    std::string name_;
    std::unique_ptr<Database> server_;
};

// The same with all migrations applied, and short ways to fill it by plain SQL.
class FilledDatabase : public TestDatabase {
  public:
    FilledDatabase();

    Database& pool() { return *pool_; }
    void run(const std::string& sql);
    std::int64_t number(const std::string& sql);
    std::string text(const std::string& sql);

    std::int32_t add_host(std::string_view hostname);
    struct Entry {
        std::string metric_type;
        std::string label;
        std::string unit;
        std::string tags = "{}";
    };
    std::int32_t add_layout(const std::vector<Entry>& entries);
    // One batch; `values` is SQL, e.g. "ARRAY[1.5, NULL]::float8[]".
    // Received at that time, or at another one.
    void add_batch(std::int32_t host, std::int32_t layout, const std::string& time,
                   const std::string& values, const std::string& received = {});
    // `count` batches, `step` seconds apart, element i of batch n is 1000 * n + i (both from 1).
    void add_batches(std::int32_t host, std::int32_t layout, int elements, const std::string& from,
                     int step, int count);
    // Processes with pid 1..count named "<prefix>N"; returns the smallest process_ref.
    std::int64_t add_processes(std::int32_t host, const std::string& prefix, int count);
    // Batches of all processes of the host; cpu of process n is n / 100, rss n MiB, all sleeping.
    void add_process_batches(std::int32_t host, const std::string& from, int step, int count);

  private:
    std::unique_ptr<Database> pool_;
};

// Parses or fails the program: for constants of tests.
Timestamp at(std::string_view rfc3339);

}  // namespace chorus::store
