// A backtest says the same before and after its days are packed.
#include <gmock/gmock.h>

#include <tuple>

#include "../store/sealed_fixture.h"
#include "aggregator/alert_store/rule_store.h"
#include "aggregator/alerts/backtest.h"
#include "aggregator/rules/stored_rules.h"
#include "common/clock.h"

namespace chorus::alerts {
namespace {

using Fired = std::tuple<std::optional<std::string>, std::string, std::string, std::string,
                         Severity, double, double, Timestamp, std::optional<Timestamp>>;

class SealedBacktest : public store::SealedStore {
  protected:
    Rule rule(const std::string& type, const std::string& condition) {
        store::RuleRow row;
        row.name = condition;
        row.rule_type = type;
        row.condition_json = condition;
        row.severity = "high";
        const auto session = database_.pool().acquire();
        const auto rules = read_rules({store::insert_rule(*session, row)}, {});
        EXPECT_TRUE(rules[0].rule) << rules[0].error;
        return rules[0].rule.value_or(Rule{});
    }
    std::vector<Fired> firings(const Rule& of) {
        BacktestOptions options;
        options.from = now_ - std::chrono::days{kDays};
        options.to = now_;
        options.step = std::chrono::minutes{5};
        options.deadline = std::chrono::minutes{5};
        const SystemClock clock;
        const auto result = backtest(*database_.pool().acquire(), of, options, clock);
        EXPECT_EQ(result.hosts, 3U);
        std::vector<Fired> list;
        for (const auto& one : result.firings) {
            list.emplace_back(one.hostname, one.source, one.title, one.description, one.severity,
                              one.value, one.threshold, one.fired_at, one.resolved_at);
        }
        return list;
    }
};

TEST_F(SealedBacktest, FiresTheSameWhateverIsPacked) {
    // As long as a batch of the past is no late one.
    database_.run("UPDATE monitoring.hosts SET interval_seconds = 300");
    const std::vector rules{
        rule("system_metric", R"({"metric_type":"cpu_usage_percent","threshold":700,
                                  "time_window_minutes":10,"min_coverage":0})"),
        rule("system_metric", R"({"metric_type":"disk_usage_percent","label":"*","threshold":6,
                                  "time_window_minutes":60,"min_coverage":0})"),
        rule("host_silent", R"({"silent_after_minutes":30})")};
    const auto ask = [&] {
        std::vector<std::vector<Fired>> all;
        for (const auto& one : rules) all.push_back(firings(one));
        return all;
    };
    for (const auto& list : ask()) ASSERT_GT(list.size(), 3U);
    in_each_state(ask, [](const auto& expected, const auto& got) {
        for (std::size_t i = 0; i < got.size(); ++i) {
            ASSERT_EQ(expected[i].size(), got[i].size()) << i;
            ASSERT_TRUE(expected[i] == got[i]) << i;
        }
    });
}

}  // namespace
}  // namespace chorus::alerts
