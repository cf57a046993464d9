// What the agent tells of besides figures: ends by want of memory, starts and exits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "agent/events/host_events.h"
#include "agent/events/kmsg.h"
#include "agent/events/oom_watcher.h"
#include "agent/process/lifecycle.h"
#include "tests/unit/agent/tree.h"

namespace chorus::agent {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

constexpr std::string_view kHostKill =
    "Out of memory: Killed process 812 (java) total-vm:8123456kB, anon-rss:2048kB, "
    "file-rss:0kB, shmem-rss:0kB, UID:1000 pgtables:4096kB oom_score_adj:0";

TEST(Kmsg, RecordHasATimeAndAText) {
    const auto record =
        parse_kmsg_record("3,2144,5140900123,-,caller=T1;Out of memory\n SUBSYSTEM=acpi\n");
    ASSERT_TRUE(record);
    EXPECT_EQ(record->time, 5'140'900'123us);
    EXPECT_EQ(record->text, "Out of memory");
}

TEST(Kmsg, OnlyTheKernelIsBelieved) {
    EXPECT_TRUE(parse_kmsg_record("7,1,2,-;x"));
    EXPECT_FALSE(parse_kmsg_record("8,1,2,-;x")) << "facility 1: a program wrote it";
    EXPECT_FALSE(parse_kmsg_record("30,1,2,-;x"));
}

TEST(Kmsg, DamagedRecordsAreNone) {
    for (const char* damaged : {"", ";", "3;x", "3,1;x", "3,1,x,-;x", "3,1,-5,-;x", "x,1,2,-;x"}) {
        EXPECT_FALSE(parse_kmsg_record(damaged)) << damaged;
    }
}

TEST(OomVictim, IsReadFromEveryKernelsLine) {
    const auto of_host = parse_oom_victim(kHostKill);
    ASSERT_TRUE(of_host);
    EXPECT_EQ(of_host->pid, 812);
    EXPECT_EQ(of_host->comm, "java");
    EXPECT_FALSE(of_host->in_cgroup);
    EXPECT_EQ(of_host->anon_rss_bytes, 2'097'152);
    const auto of_cgroup = parse_oom_victim(
        "Memory cgroup out of memory: Killed process 9 (a) b) total-vm:1kB, anon-rss:4kB");
    ASSERT_TRUE(of_cgroup);
    EXPECT_TRUE(of_cgroup->in_cgroup);
    EXPECT_EQ(of_cgroup->comm, "a) b");
    const auto old = parse_oom_victim("Killed process 77 (perl), UID 0, total-vm:12kB");
    ASSERT_TRUE(old);
    EXPECT_EQ(old->comm, "perl");
    EXPECT_EQ(old->anon_rss_bytes, std::nullopt);
}

TEST(OomVictim, OtherLinesTellOfNone) {
    for (const char* line : {"", "Killed process 12", "Killed process x (a) total-vm:1kB",
                             "Killed process 12 a total-vm:1kB", "total-vm: Killed process 1 (a)",
                             "oom-kill:constraint=CONSTRAINT_NONE,task=java,pid=812,uid=0"}) {
        EXPECT_FALSE(parse_oom_victim(line)) << line;
    }
}

class OomWatcherTest : public ::testing::Test {
  protected:
    void write(const std::string& lines) const {
        std::ofstream(path, std::ios::binary | std::ios::app) << lines;
    }
    std::string record(int micros) const {
        return "3,1," + std::to_string(micros) + ",-;" + std::string{kHostKill} + "\n";
    }

    testing::TemporaryTree tree;
    const std::string path = tree.path() + "/kmsg";
    ReadFaults faults;
    const Timestamp now{1'767'230'600s};
};

TEST_F(OomWatcherTest, TellsWhatCameSinceItWasAsked) {
    write(record(1'000));
    OomWatcher watcher(path, faults);
    EXPECT_TRUE(watcher.read(now, 20s).empty()) << "what was before is not told";
    write("6,2,1,-;usb 1-1: new device\n" + record(12'000'000) + "garbage\n");
    const auto kills = watcher.read(now, 20s);
    ASSERT_EQ(kills.size(), 1U);
    EXPECT_EQ(kills[0].pid, 812);
    EXPECT_EQ(kills[0].comm, "java");
    EXPECT_EQ(kills[0].time, now - 8s);
    EXPECT_TRUE(watcher.read(now, 20s).empty());
    write(record(30'000'000));
    ASSERT_EQ(watcher.read(now, 20s).size(), 1U);
    EXPECT_TRUE(faults.by_errno().empty());
}

TEST_F(OomWatcherTest, TimeThatCannotBeIsNow) {
    write("");
    OomWatcher watcher(path, faults);
    write(record(30'000'000));
    EXPECT_EQ(watcher.read(now, 20s).at(0).time, now) << "after now";
}

TEST_F(OomWatcherTest, UnreadableLogIsCountedOnce) {
    OomWatcher watcher(path, faults);
    EXPECT_TRUE(watcher.read(now, 20s).empty());
    EXPECT_EQ(faults.by_errno().at(ENOENT), 1U);
    ReadFaults none;
    OomWatcher off("", none);
    EXPECT_TRUE(off.read(now, 20s).empty());
    EXPECT_TRUE(none.by_errno().empty());
}

ProcessLife life(std::int32_t pid, std::int64_t start, std::string unit = {}) {
    return {.pid = pid,
            .start_ticks = start,
            .name = "p" + std::to_string(pid),
            .unit = std::move(unit),
            .cpu_ticks = 250,
            .rss_bytes = 4'096};
}

TEST(ProcessLifecycle, UnitsAndTheOldestAreToldFirstAndTheRestCounted) {
    ProcessLifecycle lifecycle;
    for (int pid = 1; pid <= 30; ++pid) lifecycle.ended(life(pid, 1'000 - pid));
    lifecycle.ended(life(99, 5'000, "web.service"));
    const auto changes = lifecycle.take();
    ASSERT_EQ(changes.ended.size(), ProcessLifecycle::kMostTold);
    EXPECT_EQ(changes.ended[0].pid, 99);
    EXPECT_EQ(changes.ended[1].pid, 30);
    EXPECT_EQ(changes.more_ended, 11U);
    EXPECT_EQ(changes.more_started, 0U);
    EXPECT_TRUE(lifecycle.take().ended.empty());
}

MATCHER_P3(IsEvent, type, time, detail, "") {
    return arg.type == type && arg.time == time && arg.detail_json == detail;
}

TEST(HostEvents, TellWhoAndWhen) {
    const EventMoment moment{Timestamp{1'767'230'600s}, 100s, 100};
    ProcessChanges changes;
    changes.started.push_back(life(7, 9'600));
    changes.ended.push_back(life(8, 1'000, "web.service"));
    changes.more_ended = 3;
    std::vector<Event> events;
    append_events(events, changes, moment);
    EXPECT_THAT(events,
                ElementsAre(IsEvent("process_start", moment.now - 4s,
                                    R"({"pid":7,"start_ticks":9600,"process_name":"p7"})"),
                            IsEvent("process_exit", moment.now,
                                    R"({"pid":8,"start_ticks":1000,"process_name":"p8",)"
                                    R"("unit":"web.service","lived_seconds":90,"cpu_seconds":2.5,)"
                                    R"("memory_rss_bytes":4096})"),
                            IsEvent("process_churn", moment.now, R"({"started":0,"ended":3})")));
}

TEST(HostEvents, VictimOfTheKernelIsNamedInFull) {
    OomKill kill;
    kill.time = Timestamp{5s};
    kill.pid = 812;
    kill.comm = "chromium-sandbo";
    std::vector<Event> events;
    append_event(events, kill, std::nullopt);
    auto seen = life(812, 7, "app.service");
    seen.name = "chromium-sandbox-helper";
    kill.in_cgroup = true;
    kill.anon_rss_bytes = 4'096;
    append_event(events, kill, seen);
    EXPECT_THAT(events, ElementsAre(IsEvent("oom_kill", Timestamp{5s},
                                            R"({"pid":812,"process_name":"chromium-sandbo",)"
                                            R"("scope":"host","memory_anon_bytes":null})"),
                                    IsEvent("oom_kill", Timestamp{5s},
                                            R"({"pid":812,"start_ticks":7,)"
                                            R"("process_name":"chromium-sandbox-helper",)"
                                            R"("unit":"app.service","scope":"cgroup",)"
                                            R"("memory_anon_bytes":4096})")));
}

}  // namespace
}  // namespace chorus::agent
