// One whole batch of each recorded machine, as JSON, against a golden file beside the tree.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "agent/collect/batch_builder.h"
#include "common/batch/batch_json.h"
#include "tests/unit/agent/samples.h"

namespace chorus::agent {
namespace {

using testing::fixture;
using testing::TemporaryTree;
using namespace std::chrono_literals;

std::string content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

// What comes from the machine that runs the test and not from the tree: statvfs(3), uname(2),
// adjtimex(2) and the owner of the files.
void mask_what_is_not_recorded(Batch& batch) {
    for (std::size_t i = 0; i < batch.layout.size(); ++i) {
        const std::string& name = batch.layout[i].metric_type;
        const bool of_statvfs = name.starts_with("filesystem_") && batch.layout[i].unit != "bool";
        if (of_statvfs || name.starts_with("system_clock_") || name == "disk_usage_percent" ||
            batch.layout[i].unit == "gb") {
            batch.values[i] = kNoValue;
        }
    }
    batch.host.kernel = "kernel";
    for (auto& process : batch.processes->rows) process.user = "owner";
}

// A series a line, then the rest as JSON with a process a line, so that a difference can be read.
std::string golden_form(Batch batch) {
    std::string text;
    for (std::size_t i = 0; i < batch.layout.size(); ++i) {
        const SeriesKey& key = batch.layout[i];
        JsonWriter value;
        value.value(batch.values[i]);
        text += key.metric_type + '{' + key.label + "} " + value.text() + ' ' + key.unit + '\n';
    }
    batch.layout.clear();
    batch.values.clear();
    JsonWriter out;
    write_batch(out, batch);
    for (const char c : out.text()) {
        if (c == '[' || c == '{') text += '\n';
        text += c;
    }
    return text + '\n';
}

// Two samples of a machine, ten seconds apart by its clock; the second is compared.
void expect_golden(const std::string& machine, const std::string& first, const std::string& second,
                   const std::string& rootfs) {
    const TemporaryTree proc, sys;
    proc.copy(fixture(machine + "/" + first));
    sys.copy(fixture(machine + "/sys"));
    ManualClock clock(Timestamp{1'767'230'600s});
    ManualBootClock boot_clock(5'000s);
    const CollectSettings settings{.procfs = proc.path(),
                                   .sysfs = sys.path(),
                                   .rootfs = fixture(machine + rootfs),
                                   .interval = 10s,
                                   .extended = true,
                                   .processes = {.pss_budget = 1s}};
    BatchBuilder builder(settings, clock, boot_clock);
    Batch batch;
    batch.agent.version = "1";
    batch.hostname = machine;
    builder.collect(batch);
    proc.copy(fixture(machine + "/" + second));
    if (std::filesystem::exists(fixture(machine + "/sys-later"))) {
        sys.copy(fixture(machine + "/sys-later"));
    }
    clock.advance(10s);
    boot_clock.advance(10s);
    builder.collect(batch);
    mask_what_is_not_recorded(batch);
    const std::string golden = fixture(machine + "/golden.txt");
    const std::string actual = golden_form(batch);
    if (actual == content(golden)) return;
    const auto kept = std::filesystem::temp_directory_path() / (machine + ".golden.txt");
    std::ofstream(kept, std::ios::binary) << actual;
    ADD_FAILURE() << "the batch differs; compare with: diff " << golden << ' ' << kept.string();
}

TEST(GoldenBatch, OfTheWrittenServer) {
    expect_golden("server", "proc", "proc-later", "/rootfs");
}

TEST(GoldenBatch, OfTheWrittenMachines) {
    for (const char* machine : {"many-core", "systemd-host", "raid-server"}) {
        expect_golden(machine, "proc", "proc-later", "/rootfs");
    }
}

TEST(GoldenBatch, OfTheRecordedVirtualMachine) {
    expect_golden("recorded-vm", "proc", "proc", "");
}

TEST(BatchBuilder, LayoutAndHostStayTheSameFromCycleToCycle) {
    const ManualClock clock(Timestamp{1'767'230'600s});
    ManualBootClock boot_clock(5'000s);
    BatchBuilder builder({.procfs = fixture("server/proc"),
                          .sysfs = fixture("server/sys"),
                          .rootfs = fixture("server/rootfs"),
                          .interval = 10s},
                         clock, boot_clock);
    Batch first;
    builder.collect(first);
    boot_clock.advance(10s);
    Batch second;
    builder.collect(second);
    EXPECT_EQ(second.layout, first.layout);
    EXPECT_EQ(second.values.size(), second.layout.size());
    EXPECT_EQ(first.host.os, "Example Linux 12 (\"calm\")");
    EXPECT_EQ(first.host.cpu_model, "Example CPU @ 2.40GHz");
    EXPECT_EQ(first.host.cpu_count, 4);
    EXPECT_EQ(first.host.memory_total_bytes, 16'384'000LL * 1'024);
    EXPECT_EQ(first.host.boot_time, Timestamp{1'767'225'600s});
    EXPECT_EQ(first.boot_id.to_string(), "0b5a8f3e-7c1d-4e2a-9b6f-112233445566");
}

TEST(BatchBuilder, EmptyMachineGivesABatchWithoutValues) {
    const TemporaryTree nothing;
    const ManualClock clock(Timestamp{1'767'230'600s});
    const ManualBootClock boot_clock(5'000s);
    BatchBuilder builder({.procfs = nothing.path() + "/none",
                          .sysfs = nothing.path(),
                          .rootfs = nothing.path() + "/none",
                          .interval = 10s},
                         clock, boot_clock);
    Batch batch;
    builder.collect(batch);
    EXPECT_GT(batch.values.size(), 25U);
    for (std::size_t i = 0; i < batch.values.size(); ++i) {
        const std::string& name = batch.layout[i].metric_type;
        // What the agent says of itself is known all the same.
        if (name == "agent_collect_duration_ms" || name == "agent_dropped_samples_count") continue;
        if (name.starts_with("agent_spool_")) continue;
        if (name.starts_with("system_clock_")) continue;  // adjtimex(2)
        if (name == "agent_read_errors_count") {
            EXPECT_GT(batch.values[i], 0);
        } else {
            EXPECT_TRUE(std::isnan(batch.values[i])) << name;
        }
    }
    EXPECT_FALSE(batch.processes);
}

TEST(MetricSink, SendsExtendedMetricsOnlyIfAsked) {
    std::vector<SeriesKey> layout;
    std::vector<double> values;
    for (const bool extended : {false, true}) {
        MetricSink sink(layout, values, extended);
        sink.add("tcp_listen_count", "count", 1);
        sink.add("cpu_count", "count", 1);
        sink.finish();
        EXPECT_EQ(values.size(), extended ? 2U : 1U);
    }
}

}  // namespace
}  // namespace chorus::agent
