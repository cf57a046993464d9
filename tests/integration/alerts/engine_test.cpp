// The engine over a database: what it writes in time is what a backtest finds afterwards, whatever
// restarts and failovers there were.
#include <gmock/gmock.h>

#include <map>
#include <random>
#include <set>

#include "aggregator/alerts/backtest.h"
#include "aggregator/schema/partitions.h"
#include "aggregator/service_store/service_store.h"
#include "engine_fixture.h"

namespace chorus::alerts {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// (rule, source, fired, resolved or "open")
using Transitions = std::multiset<std::string>;

std::string told(const std::string& rule, const std::string& source, Timestamp fired,
                 std::optional<Timestamp> resolved) {
    return rule + ' ' + source + ' ' + format_timestamp(fired) + ' ' +
           (resolved ? format_timestamp(*resolved) : "open");
}

// An agent's service that is down, and then its host says nothing more.
TEST_F(EngineTest, ASilentHostsServiceFiresNeitherLiveNorInABacktest) {
    const auto rule = add_rule("inner", "service_health",
                               R"({"service_name":"postgres@*","fault":"down","for_minutes":10})");
    const auto host = database_.add_host("db-01");
    store::Partitions{database_.pool(), clock_, {}}.ensure_ahead();
    BacktestOptions options;
    options.from = clock_.now();
    for (int minute = 0; minute <= 40; ++minute) {
        if (minute < 4) {
            store::ServiceCheck check;
            check.service = "postgres";
            check.time = clock_.now();
            check.agent = {host, clock_.now()};
            store::record_checks(*database_.pool().acquire(), {check});
            database_.run("UPDATE monitoring.hosts SET last_seen = '" +
                          format_timestamp(clock_.now()) + "'");
        }
        round();
        clock_.advance(minutes{1});
    }
    options.to = clock_.now();
    for (const auto& alert : alerts()) EXPECT_FALSE(alert.rule_id) << alert.title;
    const auto result = backtest(*database_.pool().acquire(), rule, options, clock_);
    EXPECT_EQ(result.hosts, 1U);
    EXPECT_EQ(result.total, 0);
}

TEST_F(EngineTest, WhatIsMutedIsNotForgottenWithTheRuleThatMutedIt) {
    const auto host = database_.add_host("db-01");
    const auto layout = database_.add_layout({{"cpu_usage_percent", "", "percent"}});
    add_rule("silent", "host_silent", "{}");
    add_rule("busy", "system_metric",
             R"({"metric_type":"cpu_usage_percent","threshold":80,"min_coverage":0})");
    add_cpu(host, layout, 99);
    database_.run("UPDATE monitoring.hosts SET last_seen = '" + format_timestamp(clock_.now()) +
                  "'");
    round();
    for (int i = 0; i < 2; ++i) {
        clock_.advance(minutes{1});
        round();
    }
    const auto status = [&] {
        std::map<std::string, store::AlertStatus> all;
        for (const auto& alert : alerts()) all[alert.alert_type] = alert.status;
        return all;
    };
    EXPECT_EQ(status()["system_metric"], store::AlertStatus::suppressed);
    // The rule now allows more; what it has told goes on being told until it is closed.
    database_.run(
        "UPDATE monitoring.alert_rules SET updated_at = now(),"
        " condition = '{\"least_seconds\": 3600, \"auto_resolve\": false}' WHERE name = 'silent'");
    clock_.advance(minutes{1});
    round();
    EXPECT_EQ(status()["host_silent"], store::AlertStatus::active);
    EXPECT_EQ(status()["system_metric"], store::AlertStatus::suppressed);
    database_.run("UPDATE monitoring.alert_rules SET is_active = false WHERE name = 'silent'");
    clock_.advance(minutes{1});
    round();
    EXPECT_EQ(status()["host_silent"], store::AlertStatus::resolved);
    EXPECT_EQ(status()["system_metric"], store::AlertStatus::active);
}

TEST_F(EngineTest, AServiceThatIsCheckedOnceADayStaysDownBetweenItsChecks) {
    add_rule("down", "service_health", R"({"service_name":"*","fault":"down"})");
    store::Partitions{database_.pool(), clock_, {}}.ensure_ahead();
    store::ServiceCheck check;
    check.service = "backup";
    check.time = clock_.now();
    check.interval_seconds = 86'400;
    store::record_checks(*database_.pool().acquire(), {check});
    const auto open = [&] {
        round();
        int count = 0;
        for (const auto& alert : alerts()) {
            count += alert.rule_id && alert.status == store::AlertStatus::active ? 1 : 0;
        }
        return count;
    };
    EXPECT_EQ(open(), 1);
    for (int hour = 0; hour < 72; ++hour) {
        clock_.advance(minutes{60});
        ASSERT_EQ(open(), 1) << hour;
    }
}

// While no evaluator ran nobody has checked anything.
TEST_F(EngineTest, AServiceIsNotForgottenInAnOutageOfTheEvaluator) {
    add_rule("down", "service_health", R"({"service_name":"*","fault":"down"})");
    store::Partitions{database_.pool(), clock_, {}}.ensure_ahead();
    store::ServiceCheck check;
    check.service = "shop";
    check.time = clock_.now();
    store::record_checks(*database_.pool().acquire(), {check});
    EXPECT_EQ(round().created.size(), 1U);
    clock_.advance(minutes{120});
    EXPECT_EQ(round().resolved, 0U);
    clock_.advance(minutes{1});
    round();
    for (int minute = 0; minute < 28; ++minute) {
        clock_.advance(minutes{1});
        for (const auto& alert : alerts()) {
            ASSERT_TRUE(!alert.rule_id || alert.status == store::AlertStatus::active) << minute;
        }
        round();
    }
    for (int i = 0; i < 2; ++i) {
        clock_.advance(minutes{1});
        round();
    }
    EXPECT_EQ(alerts().size(), 2U);  // and the one that tells of the outage
    for (const auto& alert : alerts()) EXPECT_EQ(alert.status, store::AlertStatus::resolved);
}

TEST_F(EngineTest, WhatAPersonTellsOfAClockIsNotResolvedByTheEvaluator) {
    database_.run(
        "INSERT INTO monitoring.alerts (alert_type, severity, status, source, title, fingerprint) "
        "VALUES ('clock_skew', 'low', 'active', 'ntp', 'NTP server replaced', 'by-hand')");
    round();
    ASSERT_EQ(alerts().size(), 1U);
    EXPECT_EQ(alerts()[0].status, store::AlertStatus::active);
}

class BacktestTest : public EngineTest {
  protected:
    // One of each kind of aggregation, short and patient ones.
    std::vector<Rule> add_cpu_rules() {
        const std::string cpu = R"({"metric_type":"cpu_usage_percent","operator":">","threshold":)";
        return {
            add_rule("last", "system_metric", cpu + R"(80,"aggregation":"last"})"),
            add_rule("patient", "system_metric",
                     cpu + R"(48,"clear_threshold":46,"for_minutes":2,"time_window_minutes":3,
                              "keep_firing_minutes":2,"hostname":"h1*"})",
                     10),
            add_rule("long", "system_metric", cpu + R"(52,"time_window_minutes":30})", 5),
            add_rule("p95", "system_metric",
                     cpu + R"(90,"aggregation":"p95","min_coverage":0.5,"critical_threshold":98})"),
            add_rule("sum", "system_metric",
                     cpu + R"(2000,"aggregation":"sum","time_window_minutes":20})")};
    }
    // Rounds over samples by chance, some of which are lost, with restarts.
    void live(int last_minute, const std::vector<std::int32_t>& hosts, std::int32_t layout) {
        std::mt19937 chance{7};
        std::uniform_real_distribution<double> percent{0, 100};
        for (int minute = 0; minute <= last_minute; ++minute) {
            round();
            if (minute % 17 == 5) restart();
            for (int half = 0; half < 2; ++half) {
                clock_.advance(seconds{15});
                for (const auto host : hosts) {
                    if (chance() % 10 != 0) add_cpu(host, layout, percent(chance));
                }
                clock_.advance(seconds{15});
            }
        }
    }
    Transitions written(const std::map<Uuid, std::string>& names) {
        Transitions written;
        for (const auto& alert : alerts()) {
            EXPECT_TRUE(alert.rule_id) << alert.title;
            if (!alert.rule_id) continue;
            written.insert(
                told(names.at(*alert.rule_id), alert.source, alert.created_at, alert.resolved_at));
        }
        return written;
    }
    Transitions found(const std::vector<Rule>& rules, const BacktestOptions& options) {
        Transitions found;
        for (const auto& rule : rules) {
            const auto session = database_.pool().acquire();
            const auto result = backtest(*session, rule, options, clock_);
            EXPECT_EQ(result.total, result.firings.size());
            for (const auto& firing : result.firings) {
                found.insert(told(rule.name, firing.source, firing.fired_at, firing.resolved_at));
            }
        }
        return found;
    }
};

TEST_F(BacktestTest, ABacktestFindsWhatTheLiveEngineWroteThroughRestarts) {
    constexpr int kHosts = 3, kMinutes = 150;
    std::vector<std::int32_t> hosts;
    for (int i = 0; i < kHosts; ++i) hosts.push_back(database_.add_host("h" + std::to_string(i)));
    const auto layout = database_.add_layout({{"cpu_usage_percent", "", "percent"}});
    const auto rules = add_cpu_rules();
    std::map<Uuid, std::string> names;
    for (const auto& rule : rules) names[rule.id] = rule.name;
    BacktestOptions options;
    options.from = clock_.now();
    options.to = options.from + minutes{kMinutes};
    live(kMinutes, hosts, layout);
    const auto transitions = written(names);
    EXPECT_GT(transitions.size(), 60U);
    for (const auto& [id, name] : names) {
        EXPECT_TRUE(std::any_of(
            transitions.begin(), transitions.end(),
            [&](const std::string& transition) { return transition.starts_with(name); }))
            << name << " never fired";
    }
    EXPECT_EQ(transitions, found(rules, options));
}

TEST_F(EngineTest, WhoLostTheLeaseWritesNothing) {
    const auto host = database_.add_host("h");
    const auto layout = database_.add_layout({{"cpu_usage_percent", "", "percent"}});
    add_rule("last", "system_metric",
             R"({"metric_type":"cpu_usage_percent","threshold":80,"aggregation":"last"})");
    add_cpu(host, layout, 99);
    store::release_lease(*database_.pool().acquire(), epoch_);
    ASSERT_TRUE(store::take_lease(*database_.pool().acquire(), "another", minutes{10}));
    EXPECT_THROW(round(), store::LeadershipLost);
    EXPECT_TRUE(alerts().empty());
    EXPECT_EQ(database_.number("SELECT count(*) FROM monitoring.alert_rule_states"), 0);
    EXPECT_EQ(database_.number("SELECT count(evaluated_at) FROM monitoring.alert_evaluation"), 0);
}

TEST_F(EngineTest, TwoEnginesThatWriteByTurnsMakeOneAlert) {
    const auto host = database_.add_host("h");
    const auto layout = database_.add_layout({{"cpu_usage_percent", "", "percent"}});
    add_rule("last", "system_metric",
             R"({"metric_type":"cpu_usage_percent","threshold":80,"aggregation":"last"})");
    add_cpu(host, layout, 99);
    Engine other{database_.pool(), clock_, EngineOptions{}, metrics_};
    EXPECT_EQ(round().created.size(), 1U);
    clock_.advance(seconds{1});
    EXPECT_EQ(other.round(epoch_).created.size(), 0U);
    // The same moment again: somebody else was faster.
    EXPECT_EQ(round().rules, 0U);
    ASSERT_EQ(alerts().size(), 1U);
    EXPECT_EQ(alerts()[0].occurrences, 2);
}

TEST_F(EngineTest, MoreAlertsThanAllowedAreNotOpenedAndOneSaysSo) {
    EngineOptions options;
    options.most_open_alerts = 2;
    Engine engine{database_.pool(), clock_, options, metrics_};
    const auto layout = database_.add_layout({{"cpu_usage_percent", "", "percent"}});
    for (const char* name : {"a", "b", "c", "d"}) add_cpu(database_.add_host(name), layout, 99);
    add_rule("last", "system_metric",
             R"({"metric_type":"cpu_usage_percent","threshold":80,"aggregation":"last"})");
    engine.round(epoch_);
    std::map<std::string, int> kinds;
    for (const auto& alert : alerts()) ++kinds[alert.alert_type];
    EXPECT_EQ(kinds, (std::map<std::string, int>{{"alert_limit", 1}, {"system_metric", 2}}));
}

TEST_F(EngineTest, OneHostLeavesRoomForTheAlertsOfOthers) {
    EngineOptions options;
    options.most_open_alerts = 200;
    Engine engine{database_.pool(), clock_, options, metrics_};
    const auto time = format_timestamp(clock_.now());
    database_.add_batch(database_.add_host("flood"), database_.add_layout(disks(250)), time,
                        "array_fill(99::float8, ARRAY[250])");
    database_.add_batch(database_.add_host("victim"), database_.add_layout(disks(1)), time,
                        "ARRAY[99]::float8[]");
    add_rule("full", "system_metric",
             R"({"metric_type":"disk_usage_percent","label":"*","threshold":80,"min_coverage":0})",
             15);
    const auto sources = [&] {
        std::map<std::string, int> counts;
        for (const auto& alert : alerts()) {
            if (alert.status == store::AlertStatus::active) {
                ++counts[alert.alert_type + ' ' + alert.source];
            }
        }
        return counts;
    };
    const std::map<std::string, int> expected{{"alert_limit host:flood", 1},
                                              {"system_metric system:flood", 100},
                                              {"system_metric system:victim", 1}};
    for (int i = 0; i < 2; ++i) {
        engine.round(epoch_);
        EXPECT_EQ(sources(), expected);
        clock_.advance(seconds{10});
    }
}

TEST_F(EngineTest, ARuleWithTheLongestNameFiresAndEnds) {
    const auto host = database_.add_host("h");
    const auto layout = database_.add_layout({{"cpu_usage_percent", "", "percent"}});
    add_rule(std::string(255, 'n'), "system_metric",
             R"({"metric_type":"cpu_usage_percent","threshold":80,"aggregation":"last"})");
    add_cpu(host, layout, 99);
    EXPECT_EQ(round().created.size(), 1U);
    clock_.advance(minutes{1});
    add_cpu(host, layout, 1);
    EXPECT_EQ(round().resolved, 1U);
}

TEST_F(EngineTest, AnEvaluatorThatStoodStillSaysSoOnceAndPagesNobodyForSilence) {
    database_.add_host("h");
    database_.run("UPDATE monitoring.hosts SET last_seen = '2026-11-20T10:00:00Z'");
    add_rule("silent", "host_silent", "{}");
    round();
    clock_.advance(minutes{30});  // no host could be heard of either
    round();
    ASSERT_EQ(alerts().size(), 1U);
    EXPECT_EQ(alerts()[0].alert_type, "evaluator_late");
    clock_.advance(minutes{1});
    round();
    EXPECT_EQ(alerts()[0].status, store::AlertStatus::resolved);
    clock_.advance(minutes{1});
    round();  // now it is silent since evaluation went on
    EXPECT_EQ(alerts()[0].alert_type, "host_silent");
}

}  // namespace
}  // namespace chorus::alerts
