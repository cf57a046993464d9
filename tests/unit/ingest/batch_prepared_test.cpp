#include "aggregator/batches/batch_prepared.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "common/batch/series_tags.h"
#include "tests/unit/codec/process_values.h"
#include "tests/unit/codec/sample_batch.h"

namespace chorus::store {
namespace {

using namespace std::chrono_literals;

PreparedBatch prepared(const std::function<void(Batch&)>& bend = [](Batch&) {}) {
    Batch batch = test::sample_batch();
    bend(batch);
    return prepare_batch(std::move(batch), *parse_timestamp("2026-01-15T10:30:46Z"));
}

TEST(PreparedBatch, HashDoesNotDependOnWhenItWasSentOrReceived) {
    const auto first = prepared();
    const auto again = prepared([](Batch& b) { b.sent_at += std::chrono::hours{3}; });
    EXPECT_EQ(first.payload_hash, again.payload_hash);
    const auto later =
        prepare_batch(test::sample_batch(), *parse_timestamp("2027-01-01T00:00:00Z"));
    EXPECT_EQ(first.payload_hash, later.payload_hash);
}

TEST(PreparedBatch, HashDependsOnEverythingElse) {
    const std::function<void(Batch&)> changes[] = {
        [](Batch& b) { b.time += std::chrono::microseconds{1}; },
        [](Batch& b) { b.hostname = "web-02"; },
        [](Batch& b) { b.boot_id = b.epoch; },
        [](Batch& b) { b.values[0] = 12.6; },
        [](Batch& b) { b.values[1] = 0; },  // unknown is not 0
        [](Batch& b) { b.layout[1].label = "/opt"; },
        [](Batch& b) { b.layout[0].unit = "count"; },
        [](Batch& b) { b.processes.reset(); },
        [](Batch& b) { b.processes->rows[0].num_threads.reset(); },
        [](Batch& b) { b.processes->rows[0].num_threads = 0; },
        [](Batch& b) { b.processes->rows[0].state = ProcessState::running; },
        [](Batch& b) { b.processes->rows[1].name += "x"; },
        [](Batch& b) { b.processes->other.reset(); },
        [](Batch& b) { b.processes->scanned += 1; },
        [](Batch& b) { b.events.clear(); },
        [](Batch& b) { b.services.clear(); },
        [](Batch& b) { b.services[0].status = ServiceStatus::timeout; },
        [](Batch& b) { b.services[0].age += std::chrono::milliseconds{1}; },
        [](Batch& b) { b.services[0].response_time_ms.reset(); },
        [](Batch& b) { b.services[1].error = "Connection reset"; },
        [](Batch& b) { b.host.kernel = "6.1.0-19-amd64"; }};
    std::set<std::int64_t> hashes{prepared().payload_hash};
    for (const auto& change : changes) hashes.insert(prepared(change).payload_hash);
    EXPECT_EQ(hashes.size(), std::size(changes) + 1);
}

TEST(PreparedBatch, HashDependsOnEveryColumnOfAProcess) {
    const auto base = prepared();
    for_each_process_column([&]<std::size_t I>() {
        // Of the first row all figures are known, of the second none is.
        for (const std::size_t row : {0, 1}) {
            const auto changed =
                prepared([&](Batch& b) { test::change_column<I>(b.processes->rows[row]); });
            EXPECT_NE(changed.payload_hash, base.payload_hash) << process_column<I>().name;
            EXPECT_EQ(changed.process_digests[row] != base.process_digests[row],
                      process_column<I>().lifelong)
                << process_column<I>().name;
        }
    });
}

TEST(PreparedBatch, HashDependsOnWhatWasLeftOut) {
    EXPECT_NE(prepared([](Batch& b) { b.set_aside = 7; }).payload_hash, prepared().payload_hash);
}

TEST(PreparedBatch, WhenItWasMadeDoesNotDependOnTheHostsClock) {
    const Timestamp received = *parse_timestamp("2026-01-15T10:30:46Z");
    for (const auto skew : {0h, 27h, -500h * 24}) {
        const auto waited = prepared([&](Batch& b) {
            b.sent_at = received + skew;
            b.time = b.sent_at - 90s;
        });
        EXPECT_EQ(waited.made_at, received - 90s) << skew.count();
        EXPECT_EQ(waited.batch.time, received + skew - 90s);  // nothing is outside what is kept
    }
    // Up to ten minutes after sending are taken for a clock that was set.
    EXPECT_EQ(prepared([&](Batch& b) { b.time = b.sent_at + 5min; }).made_at, received);
}

TEST(PreparedBatch, TimesOfAClockFarOffAreThoseOfReceipt) {
    const Timestamp received = *parse_timestamp("2026-01-15T10:30:46Z");
    const KeptTimes kept{received - 24h * 30, received + 48h};
    for (const char* sent : {"1970-01-01T00:01:00Z", "2099-01-01T00:00:00Z"}) {
        Batch batch = test::sample_batch();
        batch.sent_at = *parse_timestamp(sent);
        batch.time = batch.sent_at - 40s;
        batch.host.boot_time = batch.sent_at - 60s;
        batch.events[0].time = batch.sent_at - 45s;
        const auto usual = prepare_batch(Batch{batch}, received);
        const auto moved = prepare_batch(std::move(batch), received, kept);
        EXPECT_TRUE(moved.timed_by_receipt) << sent;
        EXPECT_EQ(moved.batch.time, received - 40s);
        EXPECT_EQ(moved.batch.host.boot_time, received - 60s);
        EXPECT_EQ(moved.batch.events[0].time, received - 45s);
        // It is the same batch whatever time it is stored under.
        EXPECT_EQ(moved.payload_hash, usual.payload_hash);
    }
    // A clock that was set in between does not tell how long the batch waited.
    Batch jumped = test::sample_batch();
    jumped.time = received - 60s;
    jumped.sent_at = *parse_timestamp("9999-12-31T23:59:59Z");
    EXPECT_EQ(prepare_batch(std::move(jumped), received, kept).batch.time, received);
    // An old batch of a host whose clock is right stays old.
    Batch late = test::sample_batch();
    late.sent_at = received;
    late.time = received - 24h * 40;
    const auto old = prepare_batch(std::move(late), received, kept);
    EXPECT_FALSE(old.timed_by_receipt);
    EXPECT_EQ(old.batch.time, received - 24h * 40);
}

// A board without a battery, whose clock was set between collecting and sending.
TEST(PreparedBatch, TimesFromBeforeTheClockWasSetAreThoseOfReceipt) {
    const Timestamp received = *parse_timestamp("2026-01-15T10:30:46Z");
    const auto at = [&](const char* time, const KeptTimes& kept) {
        Batch batch = test::sample_batch();
        batch.time = *parse_timestamp(time);
        batch.sent_at = received;
        batch.host.boot_time = batch.time - 60s;
        batch.events[0].time = batch.time - 5s;
        return prepare_batch(std::move(batch), received, kept);
    };
    // Also where batches are kept for ever.
    for (const KeptTimes& kept : {KeptTimes{received - 24h * 30, received + 48h}, KeptTimes{}}) {
        for (const char* unset : {"1970-01-01T00:01:00Z", "2019-12-31T23:59:59Z"}) {
            const auto moved = at(unset, kept);
            EXPECT_TRUE(moved.timed_by_receipt) << unset;
            EXPECT_FALSE(moved.age_known) << unset;
            EXPECT_EQ(moved.made_at, received) << unset;
            EXPECT_EQ(moved.batch.time, received) << unset;
            EXPECT_EQ(moved.batch.host.boot_time, received - 60s) << unset;
            EXPECT_EQ(moved.batch.events[0].time, received - 5s) << unset;
        }
        const auto old = at("2020-01-01T00:00:00Z", kept);  // a clock that was set may say so
        EXPECT_FALSE(old.timed_by_receipt);
        EXPECT_EQ(old.batch.time, *parse_timestamp("2020-01-01T00:00:00Z"));
    }
}

// A batch that an aggregator stored before it knew of a member may be sent again after an upgrade.
TEST(PreparedBatch, HashStaysWhatItWasBeforeServices) {
    const auto without = prepared([](Batch& b) { b.services.clear(); });
    EXPECT_EQ(without.payload_hash, -9'214'172'009'520'120'566);
}

TEST(PreparedBatch, HashTellsWhereOneTextEndsAndTheNextBegins) {
    const auto first = prepared([](Batch& b) { b.layout[0] = {"ab", "c", "d"}; });
    const auto second = prepared([](Batch& b) { b.layout[0] = {"a", "bc", "d"}; });
    EXPECT_NE(first.layout_hash, second.layout_hash);
}

TEST(PreparedBatch, ProcessDigestCoversWhatStaysForALife) {
    const auto base = prepared();
    const auto busier = prepared([](Batch& b) {
        b.processes->rows[0].cpu_percent = 99;
        b.processes->rows[0].memory_rss_bytes = 1;
        b.processes->rows[0].state = ProcessState::zombie;
    });
    EXPECT_EQ(base.process_digests[0], busier.process_digests[0]);
    for (const std::function<void(Batch&)>& change : std::vector<std::function<void(Batch&)>>{
             [](Batch& b) { b.processes->rows[0].start_ticks += 1; },  // the pid used again
             [](Batch& b) { b.boot_id = b.epoch; },
             [](Batch& b) { b.processes->rows[0].name = "bash"; },
             [](Batch& b) { b.processes->rows[0].user = "daemon"; },
             [](Batch& b) { b.processes->rows[0].cmdline = "x"; }}) {
        EXPECT_NE(base.process_digests[0], prepared(change).process_digests[0]);
    }
}

TEST(PreparedBatch, CountsWhatCouldBeRead) {
    const auto base = prepared();
    EXPECT_EQ(base.system_values, 1);
    EXPECT_EQ(base.process_rows, 2);
    EXPECT_GT(base.bytes, 2 * sizeof(ProcessSample));
}

TEST(SeriesTags, AreNamedByTheCatalogue) {
    EXPECT_EQ(series_tags_json({"cpu_usage_percent", "", "percent"}), "{}");
    EXPECT_EQ(series_tags_json({"disk_usage_percent", "/var", "percent"}),
              R"({"mountpoint":"/var"})");
    EXPECT_EQ(series_tags_json({"of_nobody", "a\"b", ""}), R"({"label":"a\"b"})");
}

}  // namespace
}  // namespace chorus::store
