// An engine over a database of its own, and what it judges.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../store/test_database.h"
#include "aggregator/alert_store/alert_reader.h"
#include "aggregator/alerts/engine.h"
#include "aggregator/rules/stored_rules.h"
#include "aggregator/schema/lease.h"

namespace chorus::alerts {

class EngineTest : public testing::Test {
  protected:
    EngineTest() : clock_(store::at("2026-11-20T10:00:00Z")) { lead(); }

    void lead() {
        if (const auto epoch =
                store::take_lease(*database_.pool().acquire(), "test", std::chrono::minutes{10})) {
            epoch_ = *epoch;
        }
    }
    // As after a restart: nothing is remembered but by the database.
    void restart() {
        engine_ = std::make_unique<Engine>(database_.pool(), clock_, EngineOptions{}, metrics_);
    }
    RoundResult round() { return engine_->round(epoch_); }

    Rule add_rule(const std::string& name, const std::string& type, const std::string& condition,
                  int cooldown = 0) {
        store::RuleRow row;
        row.name = name;
        row.rule_type = type;
        row.condition_json = condition;
        row.severity = "high";
        row.cooldown_minutes = cooldown;
        const auto session = database_.pool().acquire();
        const auto rules = read_rules({store::insert_rule(*session, row)}, {});
        EXPECT_TRUE(rules[0].rule) << rules[0].error;
        return rules[0].rule.value_or(Rule{});
    }
    std::vector<store::AlertRow> alerts() {
        store::AlertQuery query;
        query.limit = 1'000;
        return store::find_alerts(*database_.pool().acquire(), query);
    }
    static std::vector<store::FilledDatabase::Entry> disks(int count) {
        std::vector<store::FilledDatabase::Entry> entries;
        for (int i = 0; i < count; ++i) {
            entries.push_back({"disk_usage_percent", "/" + std::to_string(i), "percent"});
        }
        return entries;
    }
    void add_cpu(std::int32_t host, std::int32_t layout, double value) {
        database_.add_batch(host, layout, format_timestamp(clock_.now()),
                            "ARRAY[" + std::to_string(value) + "]::float8[]");
    }

    store::FilledDatabase database_;
    ManualClock clock_;
    MetricsRegistry metrics_;
    std::int64_t epoch_ = 0;
    std::unique_ptr<Engine> engine_ =
        std::make_unique<Engine>(database_.pool(), clock_, EngineOptions{}, metrics_);
};

}  // namespace chorus::alerts
