// What a healthy agent may send from a strange host: it costs a value or a row, not the batch.
#include <gtest/gtest.h>

#include <cmath>

#include "common/json/json_reader.h"
#include "tests/unit/codec/batch_text.h"

namespace chorus {
namespace {

using test::bent;
using test::faults;
using test::read;
using test::replaced;
using test::sample_batch;
using test::to_json;
using test::warnings;

// What is kept of a text in which nothing is a fault.
Batch kept(const std::string& json) {
    FieldErrors errors;
    Batch batch = read(json, errors);
    EXPECT_TRUE(errors.empty()) << faults(json);
    return batch;
}

TEST(BatchWarnings, AGoodBatchHasNone) {
    EXPECT_EQ(warnings(to_json(sample_batch())), "");
    EXPECT_EQ(kept(to_json(sample_batch())).set_aside, 0U);
}

TEST(BatchWarnings, TheFirstOfADoubledSeriesIsKept) {
    Batch batch = sample_batch();
    batch.layout = {{"cgroup_memory_bytes", "init.scope", "bytes"},
                    {"load_average", "", "avg"},
                    {"cgroup_memory_bytes", "init.scope", "KiB"},
                    {"cgroup_memory_bytes", "cron.service", "bytes"}};
    batch.values = {1, 2, 3, 4};
    EXPECT_EQ(warnings(to_json(batch)), "duplicate_item /body/metrics/layout/2");
    const Batch read = kept(to_json(batch));
    ASSERT_EQ(read.layout.size(), 3U);
    EXPECT_EQ(read.layout[0], batch.layout[0]);
    EXPECT_EQ(read.layout[2], batch.layout[3]);
    EXPECT_EQ(read.values, (std::vector<double>{1, 2, 4}));
}

TEST(BatchWarnings, TheFirstOfADoubledProcessIsKept) {
    Batch batch = sample_batch();
    batch.processes->rows.insert(batch.processes->rows.begin(), batch.processes->rows[1]);
    batch.processes->rows[0].name = "first";
    EXPECT_EQ(warnings(to_json(batch)), "duplicate_item /body/processes/rows/2");
    const Batch read = kept(to_json(batch));
    ASSERT_EQ(read.processes->rows.size(), 2U);
    EXPECT_EQ(read.processes->rows[0].name, "first");
    batch.processes->rows[0].start_ticks += 1;  // the same pid, used again
    EXPECT_EQ(warnings(to_json(batch)), "");
}

TEST(BatchWarnings, TheFirstOfADoubledEventOrServiceCheckIsKept) {
    Batch batch = sample_batch();
    batch.events.push_back(batch.events[0]);
    batch.services.push_back(batch.services[0]);
    batch.services.back().error = "other";
    EXPECT_EQ(warnings(to_json(batch)),
              "duplicate_item /body/events/" + std::to_string(batch.events.size() - 1) +
                  "\nduplicate_item /body/services/" + std::to_string(batch.services.size() - 1));
    EXPECT_EQ(kept(to_json(batch)).events.size(), batch.events.size() - 1);
    EXPECT_EQ(kept(to_json(batch)).services.size(), batch.services.size() - 1);
}

TEST(BatchWarnings, TextsThatAreTooLongAreCutBetweenCharacters) {
    const std::string label = std::string(254, 'v') + "\xC3\xA9";
    const std::string json = bent("\"/var\"", "\"" + label + "\"");
    EXPECT_EQ(warnings(json), "string_too_long /body/metrics/layout/1/1");
    EXPECT_EQ(kept(json).layout[1].label, std::string(254, 'v'));
    EXPECT_EQ(warnings(bent("systemd", std::string(256, 'n'))),
              "string_too_long /body/processes/rows/0/name");
    EXPECT_EQ(warnings(bent("6.1.0-18-amd64", std::string(256, 'k'))),
              "string_too_long /body/host/kernel");
    EXPECT_EQ(warnings(bent("1.0.0", std::string(256, '1'))),
              "string_too_long /body/agent/version");
}

TEST(BatchWarnings, LabelsThatAreEqualOnceTheyAreCutAreOneSeries) {
    Batch batch = sample_batch();
    const std::string common(300, 'c');
    batch.layout = {{"disk_usage_percent", "", "percent"}, {"disk_usage_percent", "/", "percent"}};
    batch.values = {1, 2};
    std::string json = replaced(to_json(batch), "\"disk_usage_percent\",\"\"",
                                "\"disk_usage_percent\",\"" + common + "a\"");
    json = replaced(json, "\"disk_usage_percent\",\"/\"",
                    "\"disk_usage_percent\",\"" + common + "b\"");
    EXPECT_EQ(warnings(json),
              "string_too_long /body/metrics/layout/0/1\nstring_too_long "
              "/body/metrics/layout/1/1\nduplicate_item /body/metrics/layout/1");
    EXPECT_EQ(kept(json).values, std::vector<double>{1});
}

TEST(BatchWarnings, FiguresOutOfRangeAreUnknown) {
    const std::string json = bent("9223372036854775807", "-1");
    EXPECT_EQ(warnings(json), "out_of_range /body/processes/rows/0/disk_write_bytes");
    EXPECT_EQ(kept(json).processes->rows[0].disk_write_bytes, std::nullopt);
    EXPECT_EQ(warnings(bent("\"cpu_count\":8", "\"cpu_count\":-8")),
              "out_of_range /body/host/cpu_count");
}

// "None were left out" would be a claim.
TEST(BatchWarnings, ARemainderOfUnknownSizeIsUnknown) {
    for (const char* count : {"-1", "2147483648"}) {
        const std::string json = bent("\"count\":12", "\"count\":" + std::string(count));
        EXPECT_EQ(warnings(json), "out_of_range /body/processes/other/count");
        EXPECT_FALSE(kept(json).processes->other) << count;
    }
    const std::string none = bent("\"count\":12", "\"count\":0");
    EXPECT_EQ(warnings(none), "");
    ASSERT_TRUE(kept(none).processes->other);
    EXPECT_EQ(kept(none).processes->other->count, 0);
    // What is unknown of a remainder of known size is unknown alone.
    const std::string json = bent("\"cpu_percent\":0.4", "\"cpu_percent\":-1");
    EXPECT_EQ(warnings(json), "out_of_range /body/processes/other/cpu_percent");
    ASSERT_TRUE(kept(json).processes->other);
    EXPECT_EQ(kept(json).processes->other->count, 12);
    EXPECT_FALSE(kept(json).processes->other->cpu_percent);
    EXPECT_EQ(kept(json).processes->other->memory_rss_bytes, 123);
}

TEST(BatchWarnings, ABootTimeThatIsNoneIsUnknown) {
    Batch batch = sample_batch();
    batch.host.boot_time = batch.time;
    const std::string json =
        replaced(to_json(batch), "\"boot_time\":\"2026", "\"boot_time\":\"0026");
    EXPECT_EQ(warnings(json), "datetime_parsing /body/host/boot_time");
    EXPECT_EQ(kept(json).host.boot_time, std::nullopt);
}

TEST(BatchWarnings, AnEventThatCannotBeStoredIsLeftOut) {
    const std::string detail = bent("\"java\"", "\"" + std::string(17'000, 'j') + "\"");
    EXPECT_EQ(warnings(detail), "too_long /body/events/0/detail");
    EXPECT_EQ(kept(detail).events[0].detail_json, "{}");
    Batch batch = sample_batch();
    batch.events.resize(1);
    for (std::size_t i = 0; i < limits::kEventsPerBatch; ++i) {
        batch.events.push_back(batch.events[0]);
        batch.events.back().time += std::chrono::seconds{i + 1};
    }
    EXPECT_EQ(warnings(to_json(batch)), "too_long /body/events");
    EXPECT_EQ(kept(to_json(batch)).events.size(), limits::kEventsPerBatch);
}

TEST(BatchWarnings, AServiceCheckThatCannotBeStoredIsLeftOut) {
    const auto one_left_out = [](const std::string& json, const std::string& warning) {
        EXPECT_EQ(warnings(json), warning);
        EXPECT_EQ(kept(json).services.size(), sample_batch().services.size() - 1) << json;
    };
    for (const std::string name : {"", "a/b", "billing@db-01", "a\\nb", "a\\u007fb"}) {
        one_left_out(bent("\"billing\"", "\"" + name + "\""),
                     "string_pattern_mismatch /body/services/0/name");
    }
    one_left_out(bent("billing", std::string(101, 'a')),
                 "string_pattern_mismatch /body/services/0/name");
    for (const std::string url :
         {"ftp://10.0.0.7/", "10.0.0.7:8443", "", "https:///health", "https://u:p@10.0.0.7/",
          "https://10.0.0.7/?token=1", "https://u@10.0.0.7/", "javascript:alert(1)"}) {
        one_left_out(bent("https://10.0.0.7:8443/health", url),
                     "url_parsing /body/services/0/endpoint");
    }
    EXPECT_EQ(warnings(bent("https://10.0.0.7:8443/health", "https://10.0.0.7/users/@me")), "");
    one_left_out(bent("\"healthy\"", "\"unknown\""), "enum /body/services/0/status");
    one_left_out(bent("\"age_ms\":1500", "\"age_ms\":-1"), "out_of_range /body/services/0/age_ms");
    one_left_out(bent("\"age_ms\":1500", "\"age_ms\":86400001"),
                 "out_of_range /body/services/0/age_ms");
    one_left_out(bent("\"interval_seconds\":60", "\"interval_seconds\":0"),
                 "out_of_range /body/services/0/interval_seconds");
    EXPECT_EQ(warnings(bent("\"response_time_ms\":12", "\"response_time_ms\":2147483648")),
              "out_of_range /body/services/0/response_time_ms");
    EXPECT_EQ(warnings(bent("Connection refused", std::string(1'001, 'e'))),
              "string_too_long /body/services/1/error");
}

TEST(BatchWarnings, OfTooManyServiceChecksTheFirstAreKept) {
    Batch batch = sample_batch();
    batch.services.resize(1);
    for (std::size_t i = 0; i < limits::kServiceChecksPerBatch; ++i) {
        batch.services.push_back(batch.services[0]);
        batch.services.back().age += std::chrono::milliseconds{i + 1};
    }
    EXPECT_EQ(warnings(to_json(batch)), "too_long /body/services");
    EXPECT_EQ(kept(to_json(batch)).services.size(), limits::kServiceChecksPerBatch);
}

// What a host may show is sent so that nothing is wrong with it: a limited container whose
// processes have more memory than it, counters that ran backwards, names of bytes that are no text.
TEST(BatchWarnings, OfWhatTheAgentWritesThereAreNone) {
    Batch batch = sample_batch();
    ProcessSample& p = batch.processes->rows[0];
    p.memory_percent = 250;
    p.cpu_percent = 1e9;
    p.disk_read_bytes = p.memory_rss_bytes = -1;
    p.num_threads = p.fd_count = -1;
    p.nice = 100;
    p.processor = -1;
    p.major_faults_per_sec = p.io_wait_percent = -0.5;
    const std::string bytes(200, '\xFF');  // 600 bytes once they are replaced
    p.name = p.user = p.unit = p.container_id = bytes;
    p.cmdline = std::string(3'000, '\xFF') + std::string(1, '\0') + "end";
    batch.layout[1].label = bytes;
    batch.layout[1].unit = std::string(20, '\xFF');
    batch.host.cpu_model = bytes + std::string(1, '\0');
    batch.services[0].error = std::string(900, '\xFF');
    batch.host.boot_time = Timestamp{} - std::chrono::hours{3};
    EXPECT_EQ(warnings(to_json(batch)), "");
    const Batch read = kept(to_json(batch));
    EXPECT_EQ(read.processes->rows[0].memory_percent, std::nullopt);
    EXPECT_EQ(read.processes->rows[0].cpu_percent, std::nullopt);
    EXPECT_EQ(read.layout[1].label.size(), 255U);
}

TEST(BatchWarnings, AreBoundedAndAllCounted) {
    Batch batch = sample_batch();
    batch.layout.assign(101, {"m", "", "count"});
    batch.values.assign(101, 1.0);
    FieldErrors errors, told;
    JsonReader reader;
    const std::string json = to_json(batch);
    read_batch(reader.parse(std::string_view{json}), errors, told);
    EXPECT_EQ(told.list().size(), FieldErrors::kMaximum);
    EXPECT_EQ(told.total(), 100U);
}

// Whether a batch is the same as one that was stored goes by what was received.
TEST(BatchWarnings, WhatWasLeftOutTellsBatchesApart) {
    Batch batch = sample_batch();
    batch.layout = {{"m", "a", "count"}, {"m", "a", "count"}};
    batch.values = {1, 2};
    const auto set_aside = [&](double second) {
        batch.values[1] = second;
        return kept(to_json(batch)).set_aside;
    };
    EXPECT_EQ(set_aside(2), set_aside(2));
    EXPECT_NE(set_aside(2), set_aside(3));
    EXPECT_NE(set_aside(2), 0U);
}

}  // namespace
}  // namespace chorus
