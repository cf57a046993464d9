// A service on a database of its own, and batches to send to it.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <string>

#include "aggregator/ingest/ingest_service.h"
#include "tests/integration/store/test_database.h"
#include "tests/unit/codec/sample_batch.h"

namespace chorus::ingest {

// Stands still; may be moved while other threads read it.
class SharedClock final : public Clock {
  public:
    explicit SharedClock(Timestamp start) : micros_(to_unix_micros(start)) {}
    Timestamp now() const override { return from_unix_micros(micros_); }
    std::chrono::nanoseconds steady() const override {
        return std::chrono::microseconds{micros_.load()};
    }
    void advance(std::chrono::microseconds by) { micros_ += by.count(); }

  private:
    std::atomic<std::int64_t> micros_;
};

inline IngestOptions roomy_queue() {
    IngestOptions options;
    options.queue_batches = 1'000;
    return options;
}

// One aggregator's part of ingest.
struct Aggregator {
    Aggregator(const store::DatabaseOptions& options, const Clock& clock,
               IngestOptions ingest_options = roomy_queue(), store::Retention retention = {})
        : pool(options),
          partitions(pool, clock, retention),
          tokens(pool),
          service(pool, partitions, tokens, nullptr, clock, retention, ingest_options, metrics) {
        service.start();
    }
    IngestResult send(Batch batch, const Source& source = {}) {
        return service.submit(std::move(batch), source).result;
    }

    MetricsRegistry metrics;
    store::Database pool;
    store::Partitions partitions;
    store::TokenStore tokens;
    IngestService service;
};

class IngestTest : public ::testing::Test {
  protected:
    // The sample as a batch of agent number `agent` with this number, `seq` intervals after the
    // start.
    Batch batch(int agent, std::int64_t seq) const {
        Batch b = test::sample_batch();
        b.agent.id.bytes[15] = static_cast<std::uint8_t>(agent);
        b.hostname = "host-" + std::to_string(agent);
        b.seq = seq;
        b.time = start + std::chrono::seconds{30 * seq};
        b.sent_at = clock.now();
        b.events.clear();
        b.services.clear();
        return b;
    }
    std::int64_t rows(const std::string& table) {
        return database.number("SELECT count(*) FROM monitoring." + table);
    }

    const Timestamp start = *parse_timestamp("2026-01-15T10:00:00Z");
    store::FilledDatabase database;
    SharedClock clock{start + std::chrono::hours{1}};
    Aggregator aggregator{database.options(8), clock};
};

inline void PrintTo(IngestResult result, std::ostream* out) {
    *out << to_string(result);
}

}  // namespace chorus::ingest
