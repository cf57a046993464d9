// The processes of an alert as JSON: for its context, and for notifications.
#include "aggregator/alert_store/alert_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chorus::store {
namespace {

TopProcess process(std::int64_t ref, const std::string& name) {
    TopProcess process;
    process.process_ref = ref;
    process.pid = static_cast<std::int32_t>(ref) + 1000;
    process.name = name;
    return process;
}

std::vector<TopProcess>& by(TopProcesses& processes, Resource resource) {
    return processes.by.at(static_cast<std::size_t>(resource));
}

std::string context(const TopProcesses& processes, Resource ranked_by) {
    JsonWriter out;
    write_context(out, processes, ranked_by);
    return out.take();
}

std::string top(const TopProcesses& processes, Resource ranked_by) {
    JsonWriter out;
    write_top_processes(out, processes, ranked_by);
    return out.take();
}

// The names in the order in which they are written.
std::string names(const std::string& json) {
    constexpr std::string_view kMember = R"("process_name":")";
    std::string all;
    for (auto at = json.find(kMember); at != std::string::npos; at = json.find(kMember, at + 1)) {
        const auto from = at + kMember.size();
        all += (all.empty() ? "" : " ") + json.substr(from, json.find('"', from) - from);
    }
    return all;
}

TEST(AlertJson, TheContextHasAListForEachResourceAndSaysWhichTheRuleIsAbout) {
    TopProcesses processes;
    processes.hostname = "web-01";
    processes.process_table_at = from_unix_micros(1'767'614'400'000'000);
    auto burner = process(1, "burner");
    burner.username = "root";
    burner.unit = "burner.service";
    burner.cpu_percent = 99.5;
    burner.memory_mb = 12;
    by(processes, Resource::cpu) = {burner};
    EXPECT_EQ(context(processes, Resource::cpu),
              R"({"hostname":"web-01","process_table_at":"2026-01-05T12:00:00.000Z",)"
              R"("compared_with":null,"by_cpu":[{"process_name":"burner","process_id":1001,)"
              R"("username":"root","unit":"burner.service","started_at":null,"cpu_percent":99.5,)"
              R"("memory_mb":12,"io_bytes_per_sec":null,"fd_count":null,"change":null}],)"
              R"("by_memory":[],"by_io":[],"by_open_files":[],"ranked_by":"cpu"})");
}

TEST(AlertJson, WithoutAProcessTheMomentOfTheTableIsUnknown) {
    EXPECT_THAT(context({}, Resource::cpu), testing::HasSubstr(R"("process_table_at":null)"));
}

TEST(AlertJson, AProcessIsComparedWithTheHourBeforeWhereThereIsATable) {
    TopProcesses processes;
    auto known = process(1, "known"), started = process(2, "started");
    known.open_files = 5;
    known.change = TopProcess::Change{1.5, std::nullopt, -2};
    by(processes, Resource::open_files) = {known, started};
    processes.compared_with = from_unix_micros(0);
    const std::string figures =
        R"("cpu_percent":null,"memory_mb":null,"io_bytes_per_sec":null,"fd_count":)";
    EXPECT_EQ(top(processes, Resource::open_files),
              R"([{"process_name":"known","process_id":1001,)" + figures +
                  R"(5,"change":{"new":false,"cpu_percent":1.5,"memory_mb":null,"fd_count":-2}},)"
                  R"({"process_name":"started","process_id":1002,)" +
                  figures + R"(null,"change":{"new":true}}])");
}

TEST(AlertJson, NotificationsGetTheFirstThreeOfTheRulesResourceThenThoseOfCpuAndMemoryOnce) {
    TopProcesses processes;
    by(processes, Resource::cpu) = {process(1, "c1"), process(2, "both"), process(3, "c3"),
                                    process(4, "c4")};
    by(processes, Resource::memory) = {process(2, "both"), process(5, "m2")};
    by(processes, Resource::io) = {process(6, "i1")};
    EXPECT_EQ(names(top(processes, Resource::cpu)), "c1 both c3 m2");
    EXPECT_EQ(names(top(processes, Resource::memory)), "both m2 c1 c3");
    EXPECT_EQ(names(top(processes, Resource::io)), "i1 c1 both c3 m2");
    EXPECT_EQ(names(top(processes, Resource::open_files)), "c1 both c3 m2");
}

TEST(AlertJson, AnAlertHasItsContextInDetailAndItsEventWhereItIsTold) {
    AlertRow alert;
    alert.metadata_json = R"({"a": 1})";
    JsonWriter plain, detail, event;
    write_alert(plain, alert);
    const std::string fields = plain.text().substr(0, plain.text().size() - 1);
    EXPECT_NE(fields.find(R"("alert_metadata":{"a": 1},"status":"active")"), std::string::npos);
    write_alert_detail(detail, alert, std::nullopt);
    EXPECT_EQ(detail.text(), fields + R"(,"context":null,"context_taken_at":null})");
    detail.clear();
    write_alert_detail(detail, alert,
                       AlertContext{from_unix_micros(1'767'614'400'000'000), R"({"b": 2})"});
    EXPECT_EQ(detail.text(), fields + R"(,"context":{"b": 2},)"
                                      R"("context_taken_at":"2026-01-05T12:00:00.000Z"})");
    TransitionRow transition;
    transition.to = AlertStatus::acknowledged;
    transition.from = AlertStatus::active;
    write_alert_event(event, alert, transition);
    EXPECT_EQ(event.text(), fields + R"(,"event":"acknowledged"})");
}

}  // namespace
}  // namespace chorus::store
