// A healthy agent on a strange host: its batch is one that aggregators take.
#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "agent/collect/batch_builder.h"
#include "agent/events/host_events.h"
#include "agent/push/wire_edit.h"
#include "agent/services/found_checks.h"
#include "common/batch/batch_json.h"
#include "common/json/json_reader.h"
#include "tests/unit/agent/samples.h"

namespace chorus::agent {
namespace {

using testing::fixture;
using testing::TemporaryTree;
using namespace std::chrono_literals;

// What the aggregator's reader of batches has to say, one fault a line.
std::string faults_of(const std::string& json) {
    JsonReader reader;
    FieldErrors errors;
    read_batch(reader.parse(std::string_view{json}), errors);
    std::string text;
    for (const auto& error : errors.list()) {
        text += error.type + ": " + error.message + '\n';
    }
    return text;
}

std::string to_json(const Batch& batch) {
    JsonWriter out;
    write_batch(out, batch);
    return out.take();
}

Batch collect_twice(const CollectSettings& settings, Timestamp now = Timestamp{1'767'230'600s}) {
    ManualClock clock(now);
    ManualBootClock boot_clock(5'000s);
    BatchBuilder builder(settings, clock, boot_clock);
    Batch batch;
    batch.hostname = "strange";
    builder.collect(batch);
    clock.advance(10s);
    boot_clock.advance(10s);
    builder.collect(batch);
    batch.sent_at = batch.time;
    return batch;
}

void expect_taken(const Batch& batch) {
    EXPECT_EQ(faults_of(to_json(batch)), "");
    std::set<std::tuple<std::string, std::string>> series;
    for (const auto& key : batch.layout) {
        EXPECT_TRUE(series.emplace(key.metric_type, key.label).second)
            << key.metric_type << '{' << key.label << '}';
    }
}

// The written server with further files over it.
class StrangeHost : public ::testing::Test {
  protected:
    StrangeHost() {
        proc.copy(fixture("server/proc"));
        sys.copy(fixture("server/sys"));
    }
    CollectSettings settings() const {
        return {.procfs = proc.path(),
                .sysfs = sys.path(),
                .rootfs = root.path(),
                .interval = 10s,
                .extended = true};
    }
    void add_group(const std::string& path) const {
        sys.write("fs/cgroup/" + path + "/memory.current", "1\n");
        sys.write("fs/cgroup/" + path + "/cpu.stat", "usage_usec 1\n");
    }

    TemporaryTree proc, sys, root;
};

TEST_F(StrangeHost, ContainersWithServiceManagersAndOddNames) {
    sys.write("fs/cgroup/cgroup.controllers", "cpu memory\n");
    for (int i = 0; i < 10; ++i) {
        const std::string id = std::to_string(100 + i);
        for (const std::string& container :
             {std::string{}, "lxc/" + id + "/ns/", "lxc.payload.c" + id + "/",
              "default/c" + id + "/", "machine.slice/systemd-nspawn@" + id + ".service/payload/",
              "docker/" + std::string(62, 'a') + id.substr(1) + "/"}) {
            for (const char* group :
                 {"init.scope", "system.slice/cron.service", "system.slice/x-y.mount",
                  "user.slice/user-7.slice/user@7.service/init.scope"}) {
                add_group(container + group);
            }
        }
    }
    proc.write("net/dev",
               "Inter-|\n face |\n"
               "b\xFCro: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
               "b\xE4ro: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
               "b\xFCro: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n");
    for (const char* chip : {"hwmon7", "hwmon8"}) {
        sys.write(std::string("class/hwmon/") + chip + "/name", std::string("a\0b", 3));
        sys.write(std::string("class/hwmon/") + chip + "/fan1_input", "1\n");
        sys.write(std::string("class/hwmon/") + chip + "/fan1_label", std::string(400, '\xFF'));
    }
    sys.write("class/power_supply/b\xFCt/capacity", "7\n");
    sys.write("class/power_supply/b\xE4t/capacity", "8\n");
    proc.write("1/mountinfo",
               "1 1 8:1 / /b\xE4r rw - ext4 /dev/a rw\n"
               "1 1 8:2 / /" +
                   std::string(300, 'x') +
                   "a rw - ext4 /dev/b rw\n"
                   "1 1 8:3 / /" +
                   std::string(300, 'x') + "b rw - ext4 /dev/c rw\n");
    expect_taken(collect_twice(settings()));
}

TEST_F(StrangeHost, MoreSeriesThanABatchHolds) {
    std::string devices = "Inter-|\n face |\n", stats, mounts, cores = "cpu 1 1 1 1\n";
    for (std::size_t i = 0; i < kMaxCores + 1; ++i) {
        cores += "cpu" + std::to_string(i) + " 1 1 1 1\n";
    }
    for (std::size_t i = 0; i < kMaxInterfaces + 1; ++i) {
        const auto n = std::to_string(i);
        devices += "veth" + n + ": 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n";
        stats += "8 0 dm-" + n + " 1 0 8 0 0 0 0 0 0 0 0\n";
        sys.write("block/dm-" + n + "/size", "1\n");
        mounts += "1 1 0:" + n + " / /m" + n + " rw - ext4 /dev/x rw\n";
    }
    proc.write("net/dev", devices);
    proc.write("diskstats", stats);
    proc.write("1/mountinfo", mounts);
    proc.write("stat", cores);
    const auto batch = collect_twice(settings());
    expect_taken(batch);
    EXPECT_EQ(batch.layout.back().metric_type, "agent_left_out_count");
}

TEST_F(StrangeHost, TextsAboutTheMachineOfAnyBytes) {
    root.write("etc/os-release",
               "PRETTY_NAME=\"" + std::string(250, '\xFC') + std::string("\0\x1B[", 3) + "\"\n");
    proc.write("cpuinfo",
               "model name : " + std::string("a\0b", 3) + std::string(300, '\xE4') + "\n");
    proc.write("meminfo", "MemTotal: 18014398509481983 kB\n");
    sys.write("devices/system/cpu/online", "0-4294967295\n");
    proc.write("stat", "cpu 1 1 1 1\nbtime 4611686018427387904\n");
    expect_taken(collect_twice(settings()));
}

TEST_F(StrangeHost, ProcessesWithImpossibleFigures) {
    // Threads, nice and processor beyond all bounds, a new letter, a size that is no 63 bits.
    proc.write("901/stat",
               "901 (odd) ? -3 1 1 0 -1 0 0 0 0 0 1 1 0 0 20 99 -7 0 5 1 9000000000000000000 0 0 0 "
               "0 0 0 0 0 0 0 0 0 0 0 99999 0 0 0\n");
    proc.write("901/limits", "Max open files            -5                   -5       files\n");
    proc.write("901/io", "read_bytes: -5\nwrite_bytes: 18446744073709551615\n");
    proc.write("901/cgroup", "0::/system.slice/" + std::string(250, '\xFC') + ".service\n");
    // Given under two numbers, as no kernel does.
    proc.write("902/stat", "1 (init) S 0 1 1 0 -1 0 0 0 0 0 1 1 0 0 20 0 1 0 1 1 1\n");
    expect_taken(collect_twice(settings()));
}

TEST_F(StrangeHost, ClockThatStandsAtTheBeginningOfTime) {
    auto batch = collect_twice(settings(), Timestamp{1s});
    ProcessChanges changes;
    changes.started.emplace_back().start_ticks = 1;
    append_events(batch.events, changes,
                  {.now = Timestamp{1s}, .since_boot = 5'000s, .ticks_per_second = 100});
    OomKill kill;
    kill.time = Timestamp{-5s};
    kill.comm = std::string("a\0b", 3);
    append_event(batch.events, kill, std::nullopt);
    expect_taken(batch);
}

TEST_F(StrangeHost, ClockThatWasSetBackWhileABatchWaited) {
    const auto batch = collect_twice(settings());
    std::string json = to_json(batch);
    stamp(json, batch.epoch, batch.time - 24h);
    EXPECT_EQ(faults_of(json), "");
    stamp(json, batch.epoch, batch.time - 5min);
    EXPECT_NE(json.find("\"sent_at\":\"" + format_timestamp_micros(batch.time - 5min)),
              std::string::npos);
    EXPECT_EQ(faults_of(json), "");
}

TEST(ProcessBounds, FiguresThatNoProcessHasAreSentAsUnknown) {
    constexpr double huge = 1e300, nan = kNoValue;
    constexpr std::int64_t negative = -1;
    ProcessTable table;
    for (const double odd : {huge, -1.0, nan, std::numeric_limits<double>::infinity()}) {
        ProcessSample p;
        p.pid = 7 + static_cast<std::int32_t>(table.rows.size());
        p.name = "x";
        p.ppid = p.num_threads = p.fd_count = p.fd_limit = -1;
        p.nice = 100;
        p.processor = 1 << 20;
        p.cpu_percent = p.children_cpu_percent = p.memory_percent = odd;
        p.major_faults_per_sec = p.io_wait_percent = p.cpu_wait_percent = odd;
        p.voluntary_switches_per_sec = p.involuntary_switches_per_sec = odd;
        p.memory_rss_bytes = p.memory_pss_bytes = p.memory_swap_bytes = negative;
        p.disk_read_bytes = p.disk_write_bytes = negative;
        table.rows.push_back(p);
    }
    table.other = ProcessRemainder{1, huge, negative};
    Batch batch;
    batch.hostname = "bounds";
    batch.time = batch.sent_at = Timestamp{1'767'230'600s};
    batch.processes = table;
    EXPECT_EQ(faults_of(to_json(batch)), "");
}

TEST(FoundChecks, CheckThatEndedAfterTheMomentIsOfNoAge) {
    FoundChecks found;
    const auto now = FoundChecks::Clock::now();
    found.add(AgentServiceCheck{}, now + 3s);
    EXPECT_EQ(found.take(now).at(0).age, 0ms);
}

}  // namespace
}  // namespace chorus::agent
