// Which processes a message blames, and with which figures.
#include "aggregator/notify/top_processes.h"

#include <gtest/gtest.h>

namespace chorus::notify {
namespace {

constexpr const char* kBackup =
    R"({"process_name":"backup","process_id":31,"cpu_percent":7.3,"memory_mb":48.5,)"
    R"("io_bytes_per_sec":52400000,"fd_count":19,)"
    R"("change":{"new":false,"cpu_percent":6.5,"memory_mb":-1.3,"fd_count":0}})";

std::string text_of(const std::string& processes, const std::string& ranked_by) {
    store::Notification one;
    one.alert.metadata_json = "{\"top_processes\":[" + processes + "]}";
    if (!ranked_by.empty()) one.context = "{\"ranked_by\":\"" + ranked_by + "\"}";
    return top_processes(one);
}

TEST(TopProcesses, LeadsWithTheFigureThatTheRuleIsAbout) {
    EXPECT_EQ(text_of(kBackup, "cpu"),
              "backup (31) 7.3% CPU (+6.5 in an hour), 48.5 MB, 52.4 MB/s read and written, "
              "19 open files");
    EXPECT_EQ(text_of(kBackup, "memory").substr(0, 38), "backup (31) 48.5 MB (-1.3 in an hour),");
    EXPECT_EQ(text_of(kBackup, "io").substr(0, 45),
              "backup (31) 52.4 MB/s read and written, 7.3% ");
    EXPECT_EQ(text_of(kBackup, "open_files").substr(0, 39),
              "backup (31) 19 open files (+0 in an hou");
}

TEST(TopProcesses, SaysWhichProcessIsNewAndNothingOfWhatIsUnknown) {
    EXPECT_EQ(text_of(R"({"process_name":"job","process_id":9,"cpu_percent":100,"memory_mb":null,)"
                      R"("io_bytes_per_sec":null,"fd_count":null,"change":{"new":true}})",
                      "cpu"),
              "job (9) 100% CPU, new since an hour ago");
    EXPECT_EQ(text_of(R"({"process_name":"job","cpu_percent":3,"change":null})", ""), "job 3% CPU");
}

TEST(TopProcesses, EndsAfterFiveProcesses) {
    std::string all;
    for (int i = 0; i < 7; ++i) {
        all += (i > 0 ? "," : "") + std::string(R"({"name":"p)") + std::to_string(i) + R"("})";
    }
    EXPECT_EQ(text_of(all, "cpu"), "p0; p1; p2; p3; p4");
}

TEST(TopProcesses, IsEmptyForMetadataThatHasNoSuchList) {
    EXPECT_EQ(text_of("7,null,{}", "cpu"), "");
    store::Notification one;
    for (const char* metadata : {"", "[1", "{}", R"({"top_processes":{"a":[]}})"}) {
        one.alert.metadata_json = metadata;
        EXPECT_EQ(top_processes(one), "") << metadata;
    }
}

}  // namespace
}  // namespace chorus::notify
