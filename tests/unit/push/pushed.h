// A batch to push and an aggregator's answers to it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "agent/push/answer.h"
#include "agent/push/send_queue.h"
#include "common/batch/batch_json.h"
#include "common/compress.h"
#include "common/json/json_reader.h"

namespace chorus::agent {

inline constexpr const char* kStored =
    R"({"accepted":{"system_metrics":1,"process_metrics":1},"duplicate":false,)"
    R"("config":{"interval_seconds":30},"server_time":"2026-01-15T10:30:45.123Z"})";

inline Answer answer(int status, std::string body = "{}", std::string retry_after = "") {
    return {.status = status, .body = std::move(body), .retry_after = std::move(retry_after)};
}

inline PackedBatch packed(std::int64_t seq, std::string json = "{}") {
    return {.seq = seq, .time = 1, .json_zstd = zstd_compress(json)};
}

inline Batch sample_batch() {
    Batch batch;
    batch.agent.id = Uuid::random();
    batch.epoch = Uuid::random();
    batch.seq = 7;
    batch.hostname = "web-01";
    batch.boot_id = Uuid::random();
    batch.time = batch.sent_at = Timestamp{std::chrono::seconds{1'767'225'600}};
    batch.layout = {{"cpu_usage_percent", R"("sent_at":"x")", "percent"}};
    batch.values = {12.5};
    ProcessSample process;
    process.pid = 1;
    process.name = R"("epoch":"nobody")";
    batch.processes = ProcessTable{.rows = {process}, .scanned = 1, .other = std::nullopt};
    return batch;
}

inline std::string to_json(const Batch& batch) {
    JsonWriter out;
    write_batch(out, batch);
    return out.take();
}

inline Batch from_json(const std::string& json) {
    JsonReader reader;
    FieldErrors errors;
    Batch batch = read_batch(reader.parse(json), errors);
    EXPECT_TRUE(errors.empty());
    return batch;
}

}  // namespace chorus::agent
