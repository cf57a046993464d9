#include "common/batch/batch_json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "common/json/json_reader.h"
#include "tests/unit/codec/batch_text.h"

namespace chorus {
namespace {

using test::bent;
using test::faults;
using test::location;
using test::read;
using test::replaced;
using test::sample_batch;
using test::to_json;

TEST(BatchJson, WhatIsWrittenIsReadBackTheSame) {
    const Batch in = sample_batch();
    FieldErrors errors;
    const Batch out = read(to_json(in), errors);
    ASSERT_TRUE(errors.empty()) << faults(to_json(in));
    EXPECT_EQ(out.agent.id, in.agent.id);
    EXPECT_EQ(out.agent.version, in.agent.version);
    EXPECT_EQ(out.agent.interval_seconds, in.agent.interval_seconds);
    EXPECT_EQ(out.epoch, in.epoch);
    EXPECT_EQ(out.seq, in.seq);
    EXPECT_EQ(out.hostname, in.hostname);
    EXPECT_EQ(out.boot_id, in.boot_id);
    EXPECT_EQ(out.time, in.time);
    EXPECT_EQ(out.sent_at, in.sent_at);
    EXPECT_EQ(out.host.os, in.host.os);
    EXPECT_EQ(out.host.cpu_count, in.host.cpu_count);
    EXPECT_EQ(out.host.boot_time, in.host.boot_time);
    EXPECT_EQ(out.layout, in.layout);
    ASSERT_EQ(out.values.size(), 2U);
    EXPECT_EQ(out.values[0], 12.5);
    EXPECT_TRUE(std::isnan(out.values[1]));
    ASSERT_EQ(out.events.size(), 1U);
    EXPECT_EQ(out.events[0].detail_json, in.events[0].detail_json);
    // The rest is told by writing it again.
    EXPECT_EQ(to_json(out), to_json(in));
}

TEST(BatchJson, ProcessesKeepEveryCell) {
    const Batch in = sample_batch();
    FieldErrors errors;
    const Batch out = read(to_json(in), errors);
    ASSERT_TRUE(out.processes && out.processes->rows.size() == 2);
    const ProcessSample& init = out.processes->rows[0];
    EXPECT_EQ(init.state, ProcessState::sleeping);
    EXPECT_EQ(init.disk_write_bytes, std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(init.unit, "init.scope");
    const ProcessSample& bare = out.processes->rows[1];
    EXPECT_EQ(bare.name, in.processes->rows[1].name);  // markup and escapes are text like any other
    EXPECT_FALSE(bare.cpu_percent);
    EXPECT_FALSE(bare.state);
    EXPECT_TRUE(bare.user.empty());
    ASSERT_TRUE(out.processes->other);
    EXPECT_EQ(out.processes->other->count, 12);
    EXPECT_EQ(out.processes->scanned, 212);
}

TEST(BatchJson, ColumnsMayComeInAnyOrderBySynonymsAndWithUnknownOnes) {
    FieldErrors errors;
    const Batch out = read(
        replaced(bent("\"processes\":{", "\"was\":{"), "\"was\":{",
                 R"("processes":{"columns":["threads","future","process_name","username","status",
                 "start_ticks","process_id"],"rows":[[3,{"x":1},"sh","root","idle",5,7]]},"was":{)"),
        errors);
    ASSERT_TRUE(errors.empty());
    ASSERT_EQ(out.processes->rows.size(), 1U);
    const ProcessSample& p = out.processes->rows[0];
    EXPECT_EQ(p.pid, 7);
    EXPECT_EQ(p.start_ticks, 5);
    EXPECT_EQ(p.num_threads, 3);
    EXPECT_EQ(p.name, "sh");
    EXPECT_EQ(p.user, "root");
    EXPECT_EQ(p.state, ProcessState::idle);
    EXPECT_EQ(out.processes->scanned, 1);
}

TEST(BatchJson, ServiceChecksKeepEveryMember) {
    const Batch in = sample_batch();
    FieldErrors errors;
    const Batch out = read(to_json(in), errors);
    ASSERT_EQ(out.services.size(), 2U);
    EXPECT_EQ(out.services[0].name, "billing");
    EXPECT_EQ(out.services[0].endpoint, "https://10.0.0.7:8443/health");
    EXPECT_EQ(out.services[0].status, ServiceStatus::healthy);
    EXPECT_EQ(out.services[0].age, std::chrono::milliseconds{1'500});
    EXPECT_EQ(out.services[0].interval_seconds, 60);
    EXPECT_EQ(out.services[0].response_time_ms, 12);
    EXPECT_EQ(out.services[0].error, "");
    EXPECT_EQ(out.services[1].status, ServiceStatus::unhealthy);
    EXPECT_EQ(out.services[1].response_time_ms, std::nullopt);
    EXPECT_EQ(out.services[1].error, "Connection refused");
    EXPECT_EQ(faults(bent("\"services\":[{", "\"services\":null,\"was\":[{")), "");
    Batch without = sample_batch();
    without.services.clear();
    EXPECT_EQ(to_json(without).find("services"), std::string::npos);
}

// Whatever bytes come, the answer is a batch, faults or a JsonError; sanitizers watch the rest.
TEST(BatchJson, SurvivesTenThousandMutations) {
    const std::string good = to_json(sample_batch());
    const std::string pieces[] = {"null",  "-1",      "[]",  "{}", "\"\"",
                                  "1e999", "\\u0000", ",",   "}",  "18446744073709551615",
                                  "\xff",  "[[[[",    "true"};
    std::mt19937 random{20260115};
    const auto below = [&](std::size_t n) { return random() % n; };
    JsonReader reader;
    std::size_t accepted = 0, faulty = 0, refused = 0;
    for (int round = 0; round < 10'000; ++round) {
        std::string text = good;
        for (std::size_t change = 0; change <= below(3); ++change) {
            const std::size_t at = below(text.size());
            const std::size_t kind = below(4);
            if (kind == 0) text[at] = static_cast<char>(random());
            if (kind == 1) text.erase(at, below(20));
            if (kind == 2) text.insert(at, pieces[below(std::size(pieces))]);
            if (kind == 3) text.replace(at, 1, std::to_string(random()));
        }
        try {
            FieldErrors errors;
            const Batch batch = read_batch(reader.parse(text), errors);
            if (errors.empty()) {
                ++accepted;
                ASSERT_EQ(batch.values.size(), batch.layout.size());
                FieldErrors again;
                read(to_json(batch), again);
                EXPECT_TRUE(again.empty()) << text;
            } else {
                ++faulty;
                for (const auto& error : errors.list())
                    ASSERT_EQ(location(error).substr(0, 5), "/body");
            }
        } catch (const JsonError& error) {
            ++refused;
            ASSERT_LE(error.offset(), text.size());
        }
    }
    EXPECT_GT(accepted, 100U);
    EXPECT_GT(faulty, 100U);
    EXPECT_GT(refused, 100U);
}

}  // namespace
}  // namespace chorus
