#include "agent/collect/self_collector.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/unit/agent/samples.h"

namespace chorus::agent {
namespace {

using testing::Machine;
using testing::Samples;
using namespace std::chrono_literals;

std::string self_stat(int ticks, int rss) {
    return "77 (chorus-agent) S 1 77 77 0 -1 0 0 0 0 0 " + std::to_string(ticks) +
           " 10 0 0 20 0 2 0 4000 50000 " + std::to_string(rss) + " 1 1 1 1\n";
}

constexpr AgentState kState{.dropped = 3,
                            .spool_batches = 40,
                            .spool_bytes = 65'536,
                            .spool_oldest_seconds = 1'200,
                            .push_latency_ms = 12,
                            .clock_skew_ms = -5};

class SelfCollectorTest : public ::testing::Test {
  protected:
    Samples collect(const std::optional<ProcessTable>& processes = std::nullopt) {
        Samples samples;
        MetricSink sink(samples.layout, samples.values);
        self_.collect(processes, 12'500us, kState, sink);
        sink.finish();
        return samples;
    }
    Machine machine_;
    SelfCollector self_{machine_.proc, machine_.faults, Machine::kInterval,
                        SelfConstants{.ticks_per_second = 100, .page_bytes = 4'096}};
};

TEST_F(SelfCollectorTest, TellsWhatTheAgentCosts) {
    machine_.proc_tree.write("self/stat", self_stat(40, 1'000));
    const auto first = collect();
    EXPECT_TRUE(first.is_null("agent_cpu_percent"));
    EXPECT_EQ(first.value("agent_rss_bytes"), 4'096'000);
    EXPECT_DOUBLE_EQ(first.value("agent_collect_duration_ms"), 12.5);
    EXPECT_EQ(first.value("agent_dropped_samples_count"), 3);
    EXPECT_EQ(first.value("agent_spool_batches_count"), 40);
    EXPECT_EQ(first.value("agent_spool_bytes"), 65'536);
    EXPECT_EQ(first.value("agent_spool_oldest_seconds"), 1'200);
    EXPECT_EQ(first.value("agent_push_latency_ms"), 12);
    EXPECT_EQ(first.value("agent_clock_skew_ms"), -5);
    machine_.proc_tree.write("self/stat", self_stat(45, 1'000));
    machine_.clock.advance(10s);
    EXPECT_DOUBLE_EQ(collect().value("agent_cpu_percent"), 0.5);  // 5 ticks of 10 ms in 10 s
}

TEST_F(SelfCollectorTest, CountsProcessesScannedAndSent) {
    ProcessTable table;
    table.scanned = 12;
    table.rows.resize(10);
    const auto samples = collect(table);
    EXPECT_EQ(samples.value("agent_processes_scanned_count"), 12);
    EXPECT_EQ(samples.value("agent_processes_sent_count"), 10);
    EXPECT_TRUE(collect().is_null("agent_processes_scanned_count"));
}

TEST_F(SelfCollectorTest, ReadErrorsAreThoseOfThisCycleByCause) {
    machine_.proc_tree.write("self/stat", self_stat(40, 1'000));
    EXPECT_FALSE(collect().has("agent_read_errors_count", "EACCES"));
    for (int i = 0; i < 3; ++i) machine_.faults.note("/proc/PID/io", EACCES);
    EXPECT_EQ(collect().value("agent_read_errors_count", "EACCES"), 3);
    EXPECT_EQ(collect().value("agent_read_errors_count", "EACCES"), 0);  // the series stays
}

}  // namespace
}  // namespace chorus::agent
