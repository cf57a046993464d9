// Batches that are refused, and what is said of each.
#include <gtest/gtest.h>

#include "tests/unit/codec/batch_text.h"

namespace chorus {
namespace {

using test::bent;
using test::faults;
using test::read;
using test::replaced;
using test::sample_batch;
using test::to_json;

TEST(BatchJson, RootMustBeAnObject) {
    for (const std::string root : {"[]", "\"x\"", "null", "12"}) {
        EXPECT_EQ(faults(root), "dict_type /body") << root;
    }
}

TEST(BatchJson, TellsEveryMissingMemberAtOnce) {
    EXPECT_EQ(faults("{}"),
              "missing /body/agent\nmissing /body/epoch\nmissing /body/seq\n"
              "missing /body/hostname\nmissing /body/boot_id\nmissing /body/timestamp\n"
              "missing /body/sent_at\nmissing /body/metrics");
    EXPECT_EQ(faults(bent("\"id\":", "\"identity\":")), "missing /body/agent/id");
    EXPECT_EQ(faults(bent("\"values\":", "\"v\":")), "missing /body/metrics/values");
    EXPECT_EQ(faults(bent("\"pid\",", "\"p\",")), "missing /body/processes/columns/pid");
}

TEST(BatchJson, KeyOfTheBatchMustBeUuidsAndANumber) {
    EXPECT_EQ(faults(bent("22222222-2222-4222-8222-222222222222", "2222")),
              "uuid_parsing /body/epoch");
    EXPECT_EQ(faults(bent("\"11111111-1111-4111-8111-111111111111\"", "17")),
              "uuid_parsing /body/agent/id");
    EXPECT_EQ(faults(bent("1842", "-1")), "greater_than_equal /body/seq");
    EXPECT_EQ(faults(bent("1842", "\"1842\"")), "int_type /body/seq");
    EXPECT_EQ(faults(bent("1842", "1.5")), "int_type /body/seq");
    EXPECT_EQ(faults(bent("1842", "18446744073709551615")), "less_than_equal /body/seq");
}

TEST(BatchJson, HostnameMustBeAPlainName) {
    EXPECT_EQ(faults(bent("web-01", std::string(255, 'a'))), "");
    EXPECT_EQ(faults(bent("web-01", "Web_01.example.org")), "");
    EXPECT_EQ(faults(bent("web-01", std::string(256, 'a'))), "string_too_long /body/hostname");
    for (const std::string name :
         {"", "a/b", "a b", "a\\u0007b", "..", "-a", "a:b", "*", "\xC3\xA9"}) {
        EXPECT_EQ(faults(bent("web-01", name)), "string_pattern_mismatch /body/hostname") << name;
    }
    EXPECT_EQ(faults(bent("\"web-01\"", "7")), "string_type /body/hostname");
}

TEST(BatchJson, NulIsRefusedInEveryString) {
    const std::pair<std::string, std::string> places[] = {
        {"web-01", "/body/hostname"},
        {"1.0.0", "/body/agent/version"},
        {"6.1.0-18-amd64", "/body/host/kernel"},
        {"/var", "/body/metrics/layout/1/1"},
        {"systemd", "/body/processes/rows/0/name"},
        {"init.scope", "/body/processes/rows/0/unit"},
        {"oom_kill", "/body/events/0/type"},
        {"java", "/body/events/0/detail"},
        {"billing", "/body/services/0/name"},
        {"Connection refused", "/body/services/1/error"}};
    for (const auto& [text, where] : places) {
        EXPECT_EQ(faults(bent(text, "a\\u0000b")), "string_nul " + where);
    }
}

TEST(BatchJson, TimesMustBeReadableAndNotAfterSending) {
    const std::string time = "2026-01-15T10:30:45.123456Z";
    const auto with_time = [&](const std::string& text) {
        return faults(bent("\"timestamp\":\"" + time + "\"", "\"timestamp\":" + text));
    };
    for (const std::string text : {"\"yesterday\"", "\"0000-01-01T00:00:00Z\"",
                                   "\"9999999-01-01T00:00:00Z\"", "12", "null", "\"\""}) {
        EXPECT_EQ(with_time(text), "datetime_parsing /body/timestamp") << text;
    }
    EXPECT_EQ(with_time("\"2026-01-15T10:41:00Z\""), "datetime_parsing /body/timestamp");
    EXPECT_EQ(with_time("\"2026-01-15T10:40:00Z\""), "");
    // A clock that is wrong but agrees with itself is no fault.
    std::string ahead =
        bent("\"timestamp\":\"" + time, "\"timestamp\":\"2126-01-15T10:30:45.123456Z");
    ahead = replaced(ahead, "\"sent_at\":\"2026", "\"sent_at\":\"2126");
    EXPECT_EQ(faults(ahead), "");
}

TEST(BatchJson, IntervalHasBounds) {
    EXPECT_EQ(faults(bent("\"interval_seconds\":30", "\"interval_seconds\":0.5")),
              "greater_than_equal /body/agent/interval_seconds");
    EXPECT_EQ(faults(bent("\"interval_seconds\":30", "\"interval_seconds\":86401")),
              "less_than_equal /body/agent/interval_seconds");
    EXPECT_EQ(faults(bent("\"interval_seconds\":30", "\"interval_seconds\":\"30\"")),
              "float_type /body/agent/interval_seconds");
}

TEST(BatchJson, PidMustBeAPositiveInteger) {
    const std::pair<std::string, std::string> pids[] = {
        {"0", "greater_than_equal"},
        {"-1", "greater_than_equal"},
        {"2147483648", "less_than_equal"},
        {"\"12\"", "int_type"},
        {"1.5", "int_type"},
        {"null", "int_type"},
        {"true", "int_type"},
        {"[1]", "int_type"},
        {"18446744073709551615", "less_than_equal"}};
    for (const auto& [pid, type] : pids) {
        EXPECT_EQ(faults(bent("[4711,", "[" + pid + ",")), type + " /body/processes/rows/1/pid")
            << pid;
    }
}

TEST(BatchJson, CountersAboveSixtyThreeBitsAreRefusedNotWrapped) {
    EXPECT_EQ(faults(bent("9223372036854775807", "18446744073709551615")),
              "int_out_of_range /body/processes/rows/0/disk_write_bytes");
}

TEST(BatchJson, PercentagesHaveBounds) {
    const std::string cells = "0.5,12345678,0.1";  // cpu_percent, memory_rss_bytes, memory_percent
    EXPECT_EQ(faults(bent(cells, "0.5,12345678,-1")),
              "greater_than_equal /body/processes/rows/0/memory_percent");
    EXPECT_EQ(faults(bent(cells, "0.5,12345678,101")),
              "less_than_equal /body/processes/rows/0/memory_percent");
    EXPECT_EQ(faults(bent(cells, "1e9,12345678,1")),
              "less_than_equal /body/processes/rows/0/cpu_percent");
    EXPECT_EQ(faults(bent(cells, "\"1\",12345678,1")),
              "float_type /body/processes/rows/0/cpu_percent");
    EXPECT_EQ(faults(bent(cells, "1600.5,12345678,1")), "");
}

TEST(BatchJson, StatesAndMetricTypesComeFromTheirSets) {
    EXPECT_EQ(faults(bent("\"sleeping\"", "\"dreaming\"")), "enum /body/processes/rows/0/state");
    EXPECT_EQ(faults(bent("cpu_usage_percent", std::string(101, 'a'))),
              "string_too_long /body/metrics/layout/0/0");
    for (const std::string name : {"a b;--", "", "A", "1a", "__proto__"}) {
        EXPECT_EQ(faults(bent("cpu_usage_percent", name)),
                  "string_pattern_mismatch /body/metrics/layout/0/0")
            << name;
    }
}

TEST(BatchJson, LayoutEntriesAreThreeStrings) {
    const std::string entry = R"(["cpu_usage_percent","","percent"])";
    EXPECT_EQ(faults(bent(entry, R"(["cpu_usage_percent",""])")),
              "too_short /body/metrics/layout/0");
    EXPECT_EQ(faults(bent(entry, R"(["cpu_usage_percent","","percent",1])")),
              "too_long /body/metrics/layout/0");
    EXPECT_EQ(faults(bent(entry, R"(["cpu_usage_percent",{"a":"b"},"percent"])")),
              "string_type /body/metrics/layout/0/1");
    EXPECT_EQ(faults(bent(entry, "7")), "list_type /body/metrics/layout/0");
}

TEST(BatchJson, ValuesAreNumbersOrNullAndAsManyAsTheLayout) {
    EXPECT_EQ(faults(bent("[12.5,null]", "[12.5]")), "too_short /body/metrics/values");
    EXPECT_EQ(faults(bent("[12.5,null]", "[12.5,null,1]")), "too_long /body/metrics/values");
    EXPECT_EQ(faults(bent("[12.5,null]", "[\"12.5\",true]")),
              "float_type /body/metrics/values/0\nfloat_type /body/metrics/values/1");
    EXPECT_EQ(faults(bent("[12.5,null]", "{}")), "list_type /body/metrics/values");
}

TEST(BatchJson, RowsAreAsLongAsTheColumns) {
    EXPECT_EQ(faults(bent("[4711,", "[4711,1,")).substr(0, 8), "too_long");
    EXPECT_EQ(faults(bent(R"("columns":["pid")", R"("columns":["more","pid")")),
              "too_short /body/processes/rows/0\ntoo_short /body/processes/rows/1");
    EXPECT_EQ(
        faults(bent(R"(["pid","start_ticks","name")", R"(["pid","start_ticks","name","status")"))
            .substr(0, 14),
        "duplicate_item");
}

TEST(BatchJson, SizesHaveBounds) {
    Batch batch = sample_batch();
    for (std::size_t i = 0; i < limits::kProcessesPerBatch - 1; ++i) {
        ProcessSample p;
        p.pid = static_cast<std::int32_t>(5000 + i);
        p.name = "x";
        batch.processes->rows.push_back(p);
    }
    EXPECT_EQ(faults(to_json(batch)), "too_long /body/processes/rows");
    batch.processes->rows.pop_back();
    EXPECT_EQ(faults(to_json(batch)), "");

    batch = sample_batch();
    batch.layout.clear();
    for (std::size_t i = 0; i < limits::kSeriesPerBatch; ++i) {
        batch.layout.push_back({"m", std::to_string(i), "count"});
    }
    batch.values.assign(batch.layout.size(), 1.0);
    EXPECT_EQ(faults(to_json(batch)), "");
    batch.layout.push_back({"n", "", "count"});
    batch.values.push_back(1);
    EXPECT_EQ(faults(to_json(batch)), "too_long /body/metrics/layout");
}

TEST(BatchJson, ABatchOfNothingIsTooShort) {
    Batch batch = sample_batch();
    batch.layout.clear();
    batch.values.clear();
    EXPECT_EQ(faults(to_json(batch)), "");  // processes alone are something
    batch.processes.reset();
    EXPECT_EQ(faults(to_json(batch)), "too_short /body/metrics/layout");
}

TEST(BatchJson, KeepsAtMostTwentyFaults) {
    Batch batch = sample_batch();
    for (int i = 0; i < 100; ++i) {
        ProcessSample p;
        p.pid = -1 - i;
        batch.processes->rows.push_back(p);
    }
    FieldErrors errors;
    read(to_json(batch), errors);
    EXPECT_EQ(errors.list().size(), FieldErrors::kMaximum);
}

TEST(BatchJson, EventsAreChecked) {
    EXPECT_EQ(faults(bent("\"type\":\"oom_kill\",", "")), "missing /body/events/0/type");
    EXPECT_EQ(faults(bent(R"("detail":{"process_name":"java","pid":812})", R"("detail":[1])")),
              "dict_type /body/events/0/detail");
}

TEST(BatchJson, ServiceChecksAreChecked) {
    EXPECT_EQ(faults(bent("\"services\":[{", "\"services\":7,\"was\":[{")),
              "list_type /body/services");
    EXPECT_EQ(faults(bent("\"services\":[{", "\"services\":[7,{")), "dict_type /body/services/0");
    EXPECT_EQ(faults(bent("\"services\":[{", "\"services\":[{},{")),
              "missing /body/services/0/name\nmissing /body/services/0/endpoint\n"
              "missing /body/services/0/status\nmissing /body/services/0/age_ms\n"
              "missing /body/services/0/interval_seconds");
    EXPECT_EQ(faults(bent("\"billing\"", "null")), "string_type /body/services/0/name");
    EXPECT_EQ(faults(bent("\"age_ms\":1500", "\"age_ms\":\"1500\"")),
              "int_type /body/services/0/age_ms");
}

}  // namespace
}  // namespace chorus
