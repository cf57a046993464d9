// Whom an alert blames first.
#include "aggregator/rules/ranking.h"

#include <gtest/gtest.h>

#include <utility>

namespace chorus::alerts {
namespace {

using store::Resource;

Resource of_metric(const char* name) {
    SystemMetricCondition condition;
    condition.metric_type = name;
    return resource_of(condition);
}

TEST(Ranking, IsByTheResourceOfTheRulesMetric) {
    for (const auto& [metric, resource] : std::initializer_list<std::pair<const char*, Resource>>{
             {"memory_usage_percent", Resource::memory},
             {"swap_out_bytes_per_sec", Resource::memory},
             {"memory_oom_kills_count", Resource::memory},
             {"cgroup_oom_kills_count", Resource::memory},
             {"pressure_memory_full_percent", Resource::memory},
             {"cgroup_memory_limit_percent", Resource::memory},
             {"disk_usage_percent", Resource::io},
             {"disk_write_await_ms", Resource::io},
             {"pressure_io_some_percent", Resource::io},
             {"cgroup_pressure_io_full_percent", Resource::io},
             {"cpu_iowait_percent", Resource::io},
             {"filesystem_inodes_usage_percent", Resource::io},
             {"system_fd_usage_percent", Resource::open_files},
             {"cpu_usage_percent", Resource::cpu},
             {"load_per_cpu_1m", Resource::cpu},
             {"pressure_cpu_some_percent", Resource::cpu},
             {"tcp_memory_usage_percent", Resource::cpu},
             {"of_a_client", Resource::cpu},
             {"", Resource::cpu}}) {
        EXPECT_EQ(of_metric(metric), resource) << metric;
    }
}

TEST(Ranking, OfAProcessRuleIsByItsField) {
    for (const auto& [field, resource] : std::initializer_list<std::pair<ProcessField, Resource>>{
             {ProcessField::memory_percent, Resource::memory},
             {ProcessField::disk_write_bytes, Resource::io},
             {ProcessField::fd_count, Resource::open_files},
             {ProcessField::cpu_percent, Resource::cpu},
             {ProcessField::process_count, Resource::cpu}}) {
        ProcessMetricCondition condition;
        condition.field = field;
        EXPECT_EQ(resource_of(condition), resource) << to_string(field);
    }
    EXPECT_EQ(resource_of(ServiceHealthCondition{}), Resource::cpu);
}

}  // namespace
}  // namespace chorus::alerts
