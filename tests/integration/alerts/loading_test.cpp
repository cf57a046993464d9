// What rounds read: the samples of every host and nothing twice, by the same number of statements
// whatever there is to judge.
#include <libpq-fe.h>

#include <array>
#include <cstdio>

#include "engine_fixture.h"

namespace chorus::alerts {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

TEST_F(EngineTest, AWindowForgetsLayoutsThatAreOutOfUse) {
    constexpr int kLayouts = 100;
    const auto host = database_.add_host("web-01");
    const std::vector<Rule> rules{
        add_rule("full", "system_metric",
                 R"({"metric_type":"disk_usage_percent","operator":">","threshold":90})")};
    Loader loader;
    const auto known = [&] {
        const auto session = database_.pool().acquire();
        const auto snapshot = loader.load(*session, rules, clock_.now());
        return snapshot.samples.begin()->second->layouts.size();
    };
    const auto send = [&](int count) {
        clock_.advance(seconds{1});
        database_.add_batch(host, database_.add_layout(disks(count)),
                            format_timestamp(clock_.now()),
                            "array_fill(1::float8, ARRAY[" + std::to_string(count) + "])");
    };
    database_.add_layout(disks(kLayouts + 1));  // nobody's
    send(1);
    EXPECT_EQ(known(), 1U);
    for (int i = 2; i < kLayouts; ++i) send(i);
    EXPECT_EQ(known(), kLayouts - 1);  // only now it is seen to hold too many
    clock_.advance(minutes{10});
    send(kLayouts);
    EXPECT_EQ(known(), 1U);
}

// The event is read at the first round, an hour at once, and with what comes later.
TEST_F(EngineTest, ASumOverAnHourFindsASingleEvent) {
    const auto host = database_.add_host("db-01");
    const auto layout = database_.add_layout({{"memory_oom_kills_count", "", ""}});
    add_rule("killed", "system_metric",
             R"({"metric_type":"memory_oom_kills_count","operator":">=","threshold":4,
                 "aggregation":"sum","time_window_minutes":60})");
    const auto minute = [&](double events) {
        clock_.advance(seconds{45});
        add_cpu(host, layout, events);
        clock_.advance(seconds{15});
    };
    for (int i = 0; i < 35; ++i) minute(i == 3 ? 3 : 0);
    EXPECT_TRUE(round().created.empty());
    minute(1);
    EXPECT_EQ(round().created.size(), 1U) << "three more than half an hour ago and one";
    for (int i = 0; i < 27; ++i) {
        minute(0);
        ASSERT_EQ(round().resolved, 0U) << i;
    }
    minute(0);
    EXPECT_EQ(round().resolved, 1U) << "the three are an hour old";
}

// It sends outside the parts of the window that are read of the others.
TEST_F(EngineTest, AHostThatSendsRarelyIsJudgedByAllItSends) {
    const auto layout = database_.add_layout({{"cpu_usage_percent", "", "percent"}});
    const auto slow = database_.add_host("slow");
    database_.run("UPDATE monitoring.hosts SET interval_seconds = 600");
    for (int i = 0; i < 25; ++i) database_.add_host("quick-" + std::to_string(i));
    add_rule("busy", "system_metric",
             R"({"metric_type":"cpu_usage_percent","threshold":80,"time_window_minutes":60,
                 "min_coverage":1})");
    clock_.advance(seconds{90});  // within slots of two minutes
    for (int i = 0; i < 6; ++i) {
        add_cpu(slow, layout, 99);
        clock_.advance(minutes{10});
    }
    const auto result = round();
    ASSERT_EQ(result.created.size(), 1U);
    EXPECT_EQ(alerts()[0].hostname, "slow");
}

TEST_F(EngineTest, WhatCouldNotBeReadOnceIsReadInTheNextRound) {
    const auto host = database_.add_host("db-01");
    const auto layout = database_.add_layout({{"cpu_usage_percent", "", "percent"}});
    add_rule("busy", "system_metric",
             R"({"metric_type":"cpu_usage_percent","threshold":80,"min_coverage":0})");
    add_cpu(host, layout, 99);
    database_.run("ALTER TABLE monitoring.layout_entries RENAME TO away");
    EXPECT_THROW(round(), store::DatabaseError);
    database_.run("ALTER TABLE monitoring.away RENAME TO layout_entries");
    EXPECT_EQ(round().created.size(), 1U);
}

// Its first ten minutes are empty.
TEST_F(EngineTest, AYoungFleetOfManyKindsOfHostsIsReadOnceInALongWindow) {
    const auto host = database_.add_host("web-01");
    std::vector<Rule> rules;
    for (const auto* more : {R"("aggregation":"max")", R"("aggregation":"avg")"}) {
        rules.push_back(
            add_rule(more, "system_metric",
                     std::string{R"({"metric_type":"disk_usage_percent","label":"*","threshold":90,
                            "time_window_minutes":60,)"} +
                         more + "}"));
    }
    for (int i = 1; i <= 80; ++i) {
        database_.add_batch(host, database_.add_layout(disks(i)), format_timestamp(clock_.now()),
                            "array_fill(1::float8, ARRAY[" + std::to_string(i) + "])");
        clock_.advance(seconds{1});
    }
    clock_.advance(minutes{5});
    Loader loader;
    const auto load = [&] {
        const auto session = database_.pool().acquire();
        std::vector<const SampleTable*> tables;
        for (const auto& [key, table] : loader.load(*session, rules, clock_.now()).samples) {
            EXPECT_GT(table->layouts.size(), 20U) << "whole " << key.whole;
            tables.push_back(table.get());
        }
        return tables;
    };
    const auto tables = load();
    EXPECT_EQ(tables.size(), 2U);
    EXPECT_EQ(load(), tables);
    clock_.advance(seconds{1});
    EXPECT_EQ(load(), tables);
}

// Batches that come late are no samples, but their layouts are read.
TEST_F(EngineTest, AHostWhoseLateBatchesAllDifferMakesNoWindowBeReadAnew) {
    const auto host = database_.add_host("odd");
    const std::vector<Rule> rules{
        add_rule("full", "system_metric",
                 R"({"metric_type":"disk_usage_percent","label":"*","threshold":90})")};
    Loader loader;
    const auto load = [&] {
        const auto session = database_.pool().acquire();
        return loader.load(*session, rules, clock_.now()).samples.begin()->second.get();
    };
    int made = 0;
    const auto send_late = [&](int batches) {
        for (int i = 0; i < batches; ++i) {
            const auto layout = database_.add_layout(disks(++made));
            clock_.advance(std::chrono::milliseconds{100});
            database_.add_batch(host, layout, format_timestamp(clock_.now() - seconds{75}),
                                "array_fill(1::float8, ARRAY[" + std::to_string(made) + "])",
                                format_timestamp(clock_.now()));
        }
    };
    send_late(100);
    const auto* window = load();
    send_late(30);
    EXPECT_EQ(load(), window);
    EXPECT_EQ(load(), window);
}

// Of a host with a wrong clock no more is read than of another.
TEST_F(EngineTest, AWrongClockDoesNotMakeALongWindowOfProcessesWhole) {
    const auto host = database_.add_host("odd");
    database_.add_host("other");
    database_.add_processes(host, "worker-", 3);
    database_.add_process_batches(host, "2026-11-20T06:00:00Z", 30, 480);
    const std::vector<Rule> rules{
        add_rule("busy", "process_metric",
                 R"({"process_name":"worker-*","threshold":90,"time_window_minutes":180})")};
    const auto tables = [&] {
        Loader loader;
        const auto session = database_.pool().acquire();
        const auto snapshot = loader.load(*session, rules, clock_.now());
        std::size_t count = 0;
        for (const auto& one : *snapshot.processes.begin()->second) count += one.tables.size();
        return count;
    };
    EXPECT_EQ(tables(), 30U);
    database_.run("UPDATE monitoring.hosts SET clock_skew_ms = 31000");
    EXPECT_EQ(tables(), 30U);
    // A clock that nothing is stored by says nothing about stored times.
    database_.run(
        "UPDATE monitoring.hosts SET clock_skew_ms = 34560000000, timed_by_receipt = true");
    EXPECT_EQ(tables(), 30U);
    database_.run("UPDATE monitoring.hosts SET clock_skew_ms = 31000, timed_by_receipt = false");
    database_.run("UPDATE monitoring.hosts SET interval_seconds = 60 WHERE hostname = 'odd'");
    EXPECT_EQ(tables(), 60U);
}

TEST_F(EngineTest, TheNumberOfStatementsIsThatOfOneRuleAndOneHost) {
    const auto layout = database_.add_layout({{"cpu_usage_percent", "", "percent"}});
    // Of the only session there is, as libpq saw them go.
    const auto statements = [&] {
        const std::unique_ptr<FILE, int (*)(FILE*)> trace{std::tmpfile(), &std::fclose};
        PQtrace(database_.pool().acquire()->native(), trace.get());
        round();
        PQuntrace(database_.pool().acquire()->native());
        std::rewind(trace.get());
        int executed = 0;
        std::array<char, 4096> line{};
        while (std::fgets(line.data(), line.size(), trace.get()) != nullptr) {
            const std::string_view text{line.data()};
            executed += text.find("\tExecute\t") != text.npos ? 1 : 0;
        }
        return executed;
    };
    const auto host = database_.add_host("first");
    add_cpu(host, layout, 10);
    add_rule("first", "system_metric", R"({"metric_type":"cpu_usage_percent","threshold":80})");
    round();  // prepares statements
    clock_.advance(minutes{1});
    const auto few = statements();
    EXPECT_GT(few, 5);
    for (int i = 0; i < 40; ++i) {
        add_cpu(database_.add_host("more-" + std::to_string(i)), layout, 10);
        add_rule(
            "more " + std::to_string(i), "system_metric",
            R"({"metric_type":"cpu_usage_percent","threshold":)" + std::to_string(60 + i) + "}");
    }
    clock_.advance(minutes{1});
    EXPECT_EQ(statements(), few + 1) << "what the layouts hold is read once";
    add_cpu(host, layout, 10);
    clock_.advance(minutes{1});
    EXPECT_EQ(statements(), few);
}

}  // namespace
}  // namespace chorus::alerts
