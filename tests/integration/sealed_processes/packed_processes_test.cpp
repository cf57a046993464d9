// Readers of processes answer the same wherever the process tables lie.
#include <gmock/gmock.h>

#include <cmath>

#include "aggregator/alert_store/rule_processes.h"
#include "aggregator/history/processes/process_history.h"
#include "aggregator/history/processes/process_reader.h"
#include "tests/integration/sealed_processes/packed_fixture.h"

namespace chorus::store {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

template <typename Value>
std::string text(const Value& value) {
    if constexpr (std::is_convertible_v<Value, std::string>) {
        return value;
    } else if constexpr (std::is_same_v<Value, ProcessState>) {
        return std::string{to_string(value)};
    } else {
        return std::to_string(value);
    }
}
template <typename Value>
std::string text(const std::optional<Value>& value) {
    return value ? text(*value) : "unknown";
}

std::string line(const ProcessRow& row) {
    std::string out = row.id.to_string() + " " + row.hostname + " " + format_timestamp(row.time) +
                      " " + format_timestamp(row.created_at) + " " +
                      (row.started_at ? format_timestamp(*row.started_at) : "unknown");
    for_each_process_column(
        [&]<std::size_t I>() { out += " " + text(row.process.*process_column<I>().member); });
    return out;
}
Lines lines(const std::vector<ProcessRow>& rows) {
    Lines all;
    for (const auto& row : rows) all.push_back(line(row));
    return all;
}

class PackedReaders : public PackedStore {
  protected:
    // Asks a question with filters and ranges of all kinds.
    template <typename Ask>
    void of_all_kinds(Ask ask) {
        for (const auto* host : {"", "web-1", "db-1", "nobody"}) {
            for (const int filter : {0, 1, 2, 3}) {
                for (const int range : {0, 1, 2}) {
                    ProcessQuery query;
                    if (*host != '\0') query.hostname = host;
                    if (filter == 1) query.process_name = "task3";
                    if (filter == 2) query.username = "us*1";
                    if (filter == 3) query.process_id = 120;
                    if (range > 0) query.start = today_ - 50h;
                    if (range > 1) query.end = today_ - 49h;
                    ask(query);
                }
            }
        }
    }
    // All rows page by page.
    Lines pages(ProcessQuery query) {
        Lines all;
        for (;;) {
            const auto rows = ProcessReader{database_.pool()}.find(query);
            for (const auto& row : rows) all.push_back(line(row));
            if (static_cast<std::int64_t>(rows.size()) < query.limit) return all;
            query.after = rows.back().cursor;
        }
    }
};

TEST_F(PackedReaders, PagesInOrderOfTimeAreTheSame) {
    const auto ask = [&] {
        Lines all;
        of_all_kinds([&](ProcessQuery query) {
            if (query.hostname == "db-1") return;
            // Pages of an hour's rows, of a process over days, and of all rows over the middle day
            // and parts of the others.
            const bool of_all = !query.process_name && !query.username && !query.process_id;
            const bool middle = of_all && !query.hostname && query.start && !query.end;
            const bool walks = query.start && (query.process_id || query.end || middle);
            if (middle) query.end = today_ - 20h;
            for (const bool ascending : {false, true}) {
                query.ascending = ascending;
                query.offset = 0;
                query.limit = middle ? 900 : query.end ? 30 : 200;
                for (auto& row : walks ? pages(query) : Lines{}) all.push_back(std::move(row));
                if (query.hostname) continue;
                query.offset = 777;
                query.limit = 5;
                for (auto& row : lines(ProcessReader{database_.pool()}.find(query))) {
                    all.push_back(std::move(row));
                }
            }
        });
        return all;
    };
    in_each_state(ask, [](const Lines& expected, const Lines& got) {
        ASSERT_GT(expected.size(), 1'000U);
        ASSERT_EQ(got, expected);
    });
}

TEST_F(PackedReaders, SortsByFiguresAreTheSame) {
    const auto ask = [&] {
        Lines all;
        of_all_kinds([&](ProcessQuery query) {
            for (const auto sort :
                 {ProcessSort::cpu_percent, ProcessSort::memory_mb, ProcessSort::memory_percent}) {
                query.sort = sort;
                query.ascending = !query.ascending;
                query.limit = 40;
                query.offset = 3;
                for (auto& row : lines(ProcessReader{database_.pool()}.find(query))) {
                    all.push_back(std::move(row));
                }
            }
        });
        return all;
    };
    in_each_state(ask, [](const Lines& expected, const Lines& got) {
        ASSERT_GT(expected.size(), 500U);
        ASSERT_EQ(got, expected);
    });
}

TEST_F(PackedReaders, CountsAreTheSame) {
    const auto ask = [&] {
        std::vector<std::int64_t> all;
        of_all_kinds([&](const ProcessQuery& query) {
            all.push_back(ProcessReader{database_.pool()}.count(query));
        });
        return all;
    };
    in_each_state(ask, [](const auto& expected, const auto& got) { ASSERT_EQ(got, expected); });
}

TEST_F(PackedReaders, TheTableOfAMomentIsTheSame) {
    const auto ask = [&] {
        Lines all;
        const ProcessReader reader{database_.pool()};
        for (const auto* host : {"web-1", "db-1", "nobody"}) {
            const auto last = reader.last_time(host);
            all.push_back(last ? format_timestamp(*last) : "never");
            for (Timestamp time = today_ - std::chrono::days{kDays} - 1h; time < today_ + 1h;
                 time += 11min) {
                const auto table = reader.at(host, time);
                all.push_back("---");
                if (!table) continue;
                all.push_back(table->hostname + " " + format_timestamp(table->time) + " " +
                              format_timestamp(table->created_at) + " " +
                              std::to_string(table->scanned) + " " + text(table->other_count) +
                              " " + text(table->other_cpu_percent) + " " +
                              text(table->other_memory_mb));
                for (auto& row : lines(table->rows)) all.push_back(std::move(row));
            }
        }
        return all;
    };
    in_each_state(ask, [](const Lines& expected, const Lines& got) {
        ASSERT_GT(expected.size(), 1'500U);
        ASSERT_EQ(got, expected);
    });
}

TEST_F(PackedReaders, TheHistoryOfAProcessIsTheSame) {
    const auto ask = [&] {
        std::vector<double> all;
        for (std::int32_t pid = 100; pid < 150; ++pid) {
            ProcessHistoryQuery query;
            query.hostname = pid % 2 == 0 ? "web-1" : "db-1";
            query.process_id = pid;
            query.start = today_ - std::chrono::days{kDays};
            query.end = today_ + 1h;
            query.max_points = 100;
            const auto answer = ProcessHistoryReader{database_.pool()}.read(query);
            if (!answer) continue;
            for (const auto& series : answer->series) {
                for (const auto* column : {&series.average, &series.minimum, &series.maximum}) {
                    all.insert(all.end(), column->begin(), column->end());
                }
            }
        }
        return all;
    };
    in_each_state(ask, [](const auto& expected, const auto& got) {
        ASSERT_EQ(got.size(), expected.size());
        std::size_t known = 0;
        for (std::size_t i = 0; i < got.size(); ++i) {
            ASSERT_EQ(std::isnan(got[i]), std::isnan(expected[i])) << i;
            if (std::isnan(got[i])) continue;
            ++known;
            ASSERT_NEAR(got[i], expected[i], 1e-9 * std::abs(expected[i])) << i;
        }
        EXPECT_GT(known, 500U);
    });
}

TEST_F(PackedReaders, WhatRulesReadIsTheSame) {
    const auto ask = [&] {
        Lines all;
        auto session = database_.pool().acquire();
        const auto wanted = read_wanted_processes(*session, {"task1", "task4"}, {"*5"},
                                                  day(kDays + 1), std::nullopt);
        SampleScope scope;
        scope.before = 1h;
        scope.behind = 10min;
        for (const auto from : {60h, 30h, 2h})
            scope.ranges.push_back({today_ - from, today_ - from + 90min});
        for (const int kind : {0, 1, 2}) {
            if (kind == 1) scope.apart = {{hosts_[0], 5h, 2h, 100min}};
            if (kind == 2) scope.only_host = hosts_[0];
            const auto rows = read_process_samples(*session, scope, wanted);
            Lines some;
            for (const auto& table : rows.snapshots) {
                all.push_back(std::to_string(table.host_id) + " " + format_timestamp(table.time) +
                              " " + format_timestamp(table.received));
            }
            for (const auto& sample : rows.samples) {
                auto line =
                    std::to_string(sample.snapshot) + ": " + std::to_string(sample.process_ref);
                for (const auto figure : sample.figures) {
                    line += " " + (figure == figure ? std::to_string(figure) : "unknown");
                }
                some.push_back(line);
            }
            std::ranges::sort(some);
            all.insert(all.end(), some.begin(), some.end());
        }
        return all;
    };
    in_each_state(ask, [](const Lines& expected, const Lines& got) {
        ASSERT_GT(expected.size(), 30U);
        ASSERT_EQ(got, expected);
    });
}

TEST_F(PackedReaders, WhatSqlUsersReadIsTheSame) {
    const auto ask = [&] {
        Lines all;
        const auto from = format_timestamp(today_ - 60h), to = format_timestamp(today_ - 20h);
        auto session = database_.pool().acquire();
        const auto add = [&](const std::string& from_sql) {
            for (const auto row :
                 session->execute_once("SELECT t::text FROM " + from_sql + " t ORDER BY 1")) {
                all.emplace_back(row.text(0));
            }
        };
        add("monitoring.process_series('task[12]', '" + from + "', '" + to + "')");
        add("monitoring.process_series('task*', '" + from + "', '" + to + "', 'web*')");
        for (Timestamp time = today_ - std::chrono::days{kDays}; time < today_; time += 3h) {
            add("monitoring.processes_at('web-1', '" + format_timestamp(time) + "')");
            add("monitoring.processes_at('db-1', '" + format_timestamp(time) + "', '2 hours')");
        }
        return all;
    };
    in_each_state(ask, [](const Lines& expected, const Lines& got) {
        ASSERT_GT(expected.size(), 500U);
        ASSERT_EQ(got, expected);
    });
}

}  // namespace
}  // namespace chorus::store
