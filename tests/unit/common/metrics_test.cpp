#include "common/metrics.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <thread>

#include "common/text.h"

namespace chorus {
namespace {

using testing::HasSubstr;
using testing::Not;

// The value behind a series' name and labels; NaN if it is not there.
double value_of(const std::string& text, const std::string& series) {
    for (const auto line : split(text, '\n')) {
        if (line.size() > series.size() && line.starts_with(series) && line[series.size()] == ' ') {
            return std::stod(std::string(line.substr(series.size() + 1)));
        }
    }
    return std::numeric_limits<double>::quiet_NaN();
}

TEST(Metrics, AnEmptyRegistryExposesNothing) {
    EXPECT_EQ(MetricsRegistry{}.expose(), "");
    EXPECT_EQ(MetricsRegistry{}.expose(true), "# EOF\n");
}

TEST(Metrics, EveryFamilyHasHelpAndTypeOnceBeforeItsSeries) {
    MetricsRegistry registry;
    registry.counter("pushes_total", "Pushes by code.", {{"code", "200"}}).add(3);
    registry.gauge("clients", "Clients now.").set(2.5);
    registry.counter("pushes_total", "Pushes by code.", {{"code", "503"}}).add();
    EXPECT_EQ(registry.expose(),
              "# HELP pushes_total Pushes by code.\n"
              "# TYPE pushes_total counter\n"
              "pushes_total{code=\"200\"} 3\n"
              "pushes_total{code=\"503\"} 1\n"
              "# HELP clients Clients now.\n"
              "# TYPE clients gauge\n"
              "clients 2.5\n");
}

TEST(Metrics, OpenMetricsDeclaresCountersWithoutTheirSuffixAndEnds) {
    MetricsRegistry registry;
    registry.counter("pushes_total", "A \"quoted\" word.").add(3);
    EXPECT_EQ(registry.expose(true),
              "# HELP pushes A \\\"quoted\\\" word.\n"
              "# TYPE pushes counter\n"
              "pushes_total 3\n"
              "# EOF\n");
    EXPECT_THAT(registry.expose(), HasSubstr("# HELP pushes_total A \"quoted\" word.\n"));
}

TEST(Metrics, LabelValuesAndHelpAreEscaped) {
    MetricsRegistry registry;
    registry.counter("x_total", "Back\\slash and\nbreak.", {{"a", "q\"b\\n\nz"}, {"b", "é"}}).add();
    EXPECT_EQ(registry.expose(),
              "# HELP x_total Back\\\\slash and\\nbreak.\n"
              "# TYPE x_total counter\n"
              "x_total{a=\"q\\\"b\\\\n\\nz\",b=\"é\"} 1\n");
}

TEST(Metrics, SpecialValuesAreWrittenAsPrometheusReadsThem) {
    MetricsRegistry registry;
    registry.gauge("a", "").set(INFINITY);
    registry.gauge("b", "").set(-INFINITY);
    registry.gauge("c", "").set(NAN);
    registry.gauge("d", "").set(1e300);
    registry.counter("e_total", "").add(1'705'314'645'123);
    const std::string text = registry.expose();
    EXPECT_THAT(text, HasSubstr("\na +Inf\n"));
    EXPECT_THAT(text, HasSubstr("\nb -Inf\n"));
    EXPECT_THAT(text, HasSubstr("\nc NaN\n"));
    EXPECT_THAT(text, HasSubstr("\nd 1e+300\n"));
    EXPECT_EQ(value_of(text, "e_total"), 1'705'314'645'123.0);
}

TEST(Metrics, TheSameNameAndLabelsAreTheSameObject) {
    MetricsRegistry registry;
    Counter& first = registry.counter("x_total", "X.", {{"a", "1"}});
    EXPECT_EQ(&registry.counter("x_total", "X.", {{"a", "1"}}), &first);
    EXPECT_NE(&registry.counter("x_total", "X.", {{"a", "2"}}), &first);
    EXPECT_NE(&registry.counter("x_total", "X."), &first);
    EXPECT_EQ(&registry.gauge("g", "G."), &registry.gauge("g", "G."));
    EXPECT_EQ(&registry.histogram("h", "H."), &registry.histogram("h", "H."));
    EXPECT_EQ(&registry.read_counter("r_total", "R."), &registry.read_counter("r_total", "R."));
}

TEST(Metrics, OneNameIsOfOneKind) {
    MetricsRegistry registry;
    registry.counter("x_total", "X.");
    registry.read_counter("r_total", "R.");
    EXPECT_THROW(registry.gauge("x_total", "X."), std::logic_error);
    EXPECT_THROW(registry.histogram("x_total", "X."), std::logic_error);
    // Both would write a line of the same series.
    EXPECT_THROW(registry.read_counter("x_total", "X."), std::logic_error);
    EXPECT_THROW(registry.counter("r_total", "R."), std::logic_error);
}

TEST(Metrics, ACounterReadElsewhereIsDeclaredAsACounter) {
    MetricsRegistry registry;
    registry.read_counter("cpu_seconds_total", "CPU.").set(1.5);
    EXPECT_EQ(registry.expose(),
              "# HELP cpu_seconds_total CPU.\n# TYPE cpu_seconds_total counter\n"
              "cpu_seconds_total 1.5\n");
}

TEST(Metrics, SeriesAboveAThousandAreFoldedIntoOther) {
    MetricsRegistry registry;
    for (int i = 0; i < 1'500; ++i) {
        registry.counter("x_total", "X.", {{"a", std::to_string(i)}, {"b", "z"}}).add();
    }
    const std::string text = registry.expose();
    EXPECT_EQ(value_of(text, R"(x_total{a="other",b="other"})"), 500);
    EXPECT_EQ(value_of(text, R"(x_total{a="999",b="z"})"), 1);
    EXPECT_THAT(text, Not(HasSubstr("a=\"1000\"")));
    // What was there before stays its own.
    registry.counter("x_total", "X.", {{"a", "5"}, {"b", "z"}}).add();
    EXPECT_EQ(value_of(registry.expose(), R"(x_total{a="5",b="z"})"), 2);
}

TEST(Metrics, RefreshersRunBeforeEachExposition) {
    MetricsRegistry registry;
    Gauge& gauge = registry.gauge("g", "G.");
    int runs = 0;
    // May itself make a series.
    registry.on_collect([&] {
        gauge.set(++runs);
        registry.gauge("late", "Late.").set(runs);
    });
    EXPECT_EQ(runs, 0);
    EXPECT_EQ(value_of(registry.expose(), "g"), 1);
    EXPECT_EQ(value_of(registry.expose(), "late"), 2);
}

TEST(Histogram, BucketsAreCumulativeAndEndWithInfinity) {
    MetricsRegistry registry;
    Histogram& h = registry.histogram("took_seconds", "Took.", {{"route", "/x"}});
    for (const double seconds : {0.00005, 0.003, 0.003, 0.2, 100.0}) h.observe(seconds);
    const std::string text = registry.expose();
    EXPECT_THAT(text, HasSubstr("# TYPE took_seconds histogram\n"));
    EXPECT_EQ(value_of(text, R"(took_seconds_bucket{route="/x",le="0.0001"})"), 1);
    EXPECT_EQ(value_of(text, R"(took_seconds_bucket{route="/x",le="0.0025"})"), 1);
    EXPECT_EQ(value_of(text, R"(took_seconds_bucket{route="/x",le="0.005"})"), 3);
    EXPECT_EQ(value_of(text, R"(took_seconds_bucket{route="/x",le="0.25"})"), 4);
    EXPECT_EQ(value_of(text, R"(took_seconds_bucket{route="/x",le="30"})"), 4);
    EXPECT_EQ(value_of(text, R"(took_seconds_bucket{route="/x",le="+Inf"})"), 5);
    EXPECT_EQ(value_of(text, R"(took_seconds_count{route="/x"})"), 5);
    EXPECT_NEAR(value_of(text, R"(took_seconds_sum{route="/x"})"), 100.20605, 1e-9);
}

TEST(Histogram, ABoundBelongsToItsBucket) {
    Histogram h;
    h.observe(0.001);
    for (const auto& [bound, count] : h.snapshot().cumulative) {
        EXPECT_EQ(count, bound >= 0.001 ? 1U : 0U) << bound;
    }
}

TEST(Histogram, WhatIsNoNumberIsNotCounted) {
    Histogram h;
    h.observe(NAN);
    h.observe(1);
    EXPECT_EQ(h.snapshot().count, 1U);
    EXPECT_EQ(h.snapshot().sum, 1.0);
}

TEST(Metrics, ThreadsMayCountMakeAndExposeAtOnce) {
    constexpr int kThreads = 4, kRounds = 2'000;
    MetricsRegistry registry;
    registry.on_collect([&] { registry.gauge("refreshed", "R.").set(1); });
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&registry, t] {
            for (int i = 0; i < kRounds; ++i) {
                registry.counter("all_total", "All.").add();
                registry.counter("each_total", "Each.", {{"t", std::to_string(t)}}).add();
                registry.histogram("took_seconds", "Took.").observe(0.5);
                if (i % 100 != 0) continue;
                EXPECT_THAT(registry.expose(), HasSubstr("all_total"));
            }
        });
    }
    for (auto& thread : threads) thread.join();
    const std::string text = registry.expose();
    EXPECT_EQ(value_of(text, "all_total"), kThreads * kRounds);
    EXPECT_EQ(value_of(text, "each_total{t=\"3\"}"), kRounds);
    EXPECT_EQ(value_of(text, "took_seconds_count"), kThreads * kRounds);
    EXPECT_EQ(value_of(text, "took_seconds_sum"), kThreads * kRounds * 0.5);
}

TEST(ProcessMetrics, HaveTheNamesOfPrometheusClients) {
    MetricsRegistry registry;
    register_process_metrics(registry, "aggregator");
    const std::string text = registry.expose();
    EXPECT_THAT(text, HasSubstr("# TYPE process_cpu_seconds_total counter\n"));
    for (const char* gauge :
         {"process_resident_memory_bytes", "process_open_fds", "process_max_fds",
          "process_start_time_seconds", "chorus_aggregator_build_info"}) {
        EXPECT_THAT(text, HasSubstr(std::string("# TYPE ") + gauge + " gauge\n"));
    }
    EXPECT_EQ(value_of(text, "chorus_aggregator_build_info{version=\"" CHORUS_VERSION "\"}"), 1);
    EXPECT_GT(value_of(text, "process_resident_memory_bytes"), 0);
    EXPECT_GT(value_of(text, "process_start_time_seconds"), 0);
}

TEST(ProcessMetrics, AreReadAnewForEachExposition) {
    MetricsRegistry registry;
    register_process_metrics(registry, "agent");
    const std::string before = registry.expose();
    const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ASSERT_GE(fd, 0);
    const std::string after = registry.expose();
    ::close(fd);
    EXPECT_EQ(value_of(after, "process_open_fds"), value_of(before, "process_open_fds") + 1);
    EXPECT_GE(value_of(after, "process_cpu_seconds_total"),
              value_of(before, "process_cpu_seconds_total"));
    EXPECT_EQ(value_of(after, "process_start_time_seconds"),
              value_of(before, "process_start_time_seconds"));
}

}  // namespace
}  // namespace chorus
