// Layouts that one agent changes with each batch.
#include "aggregator/batches/batch_layouts.h"

#include <gtest/gtest.h>

#include "test_database.h"

namespace chorus::store {
namespace {

constexpr std::size_t kSeries = 200;
constexpr std::size_t kMost = 200'000;  // bytes: two or three layouts

PreparedBatch batch_of(int number) {
    Batch batch;
    for (std::size_t i = 0; i < kSeries; ++i) {
        std::string label = std::to_string(number) + "/" + std::to_string(i);
        label.resize(255, '.');
        batch.layout.push_back({"disk_usage_percent", std::move(label), "percent"});
    }
    batch.values.assign(kSeries, 1.0);
    batch.time = at("2026-01-15T10:00:00Z");
    return prepare_batch(std::move(batch), at("2026-01-15T10:00:01Z"));
}

TEST(BatchLayouts, WhatAWriterRemembersIsBoundedInBytesAndWhatItForgotIsFoundAgain) {
    FilledDatabase database;
    const auto session = database.pool().acquire();
    BatchLayouts layouts{kMost};
    std::vector<std::int32_t> ids;
    const auto look_up = [&](int from, int to) {
        Transaction transaction{*session};
        for (int i = from; i < to; ++i) {
            ids.push_back(layouts.id_of(*session, batch_of(i)).value());
            EXPECT_LE(layouts.bytes(), 2 * kMost);
        }
        transaction.commit();
        layouts.committed();
        EXPECT_LE(layouts.bytes(), kMost);
        EXPECT_GT(layouts.bytes(), kMost / 2);
    };
    // In one transaction, and in one each.
    look_up(0, 10);
    for (int i = 10; i < 20; ++i) look_up(i, i + 1);
    for (int i = 0; i < 20; ++i) look_up(i, i + 1);
    EXPECT_EQ(std::vector(ids.begin(), ids.begin() + 20), std::vector(ids.begin() + 20, ids.end()));
    EXPECT_EQ(database.number("SELECT count(*) FROM monitoring.layouts"), 20);
}

}  // namespace
}  // namespace chorus::store
