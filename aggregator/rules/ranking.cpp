#include "aggregator/rules/ranking.h"

#include <array>
#include <string_view>
#include <utility>

namespace chorus::alerts {
namespace {

using store::Resource;

constexpr std::array kWords{
    std::pair{std::string_view{"memory"}, Resource::memory},
    std::pair{std::string_view{"swap"}, Resource::memory},
    std::pair{std::string_view{"oom"}, Resource::memory},
    std::pair{std::string_view{"disk"}, Resource::io},
    std::pair{std::string_view{"io"}, Resource::io},
    std::pair{std::string_view{"iowait"}, Resource::io},
    std::pair{std::string_view{"filesystem"}, Resource::io},
    std::pair{std::string_view{"raid"}, Resource::io},
    std::pair{std::string_view{"fd"}, Resource::open_files},
};

// The first word of the name that tells: "pressure_memory_full_percent" is about memory.
Resource resource_of_metric(std::string_view name) {
    while (!name.empty()) {
        const auto word = name.substr(0, name.find('_'));
        for (const auto& [known, resource] : kWords) {
            if (word == known) return resource;
        }
        name.remove_prefix(std::min(word.size() + 1, name.size()));
    }
    return Resource::cpu;
}

Resource resource_of_field(ProcessField field) {
    switch (field) {
        case ProcessField::memory_mb:
        case ProcessField::memory_percent:
            return Resource::memory;
        case ProcessField::disk_read_bytes:
        case ProcessField::disk_write_bytes:
            return Resource::io;
        case ProcessField::fd_count:
            return Resource::open_files;
        default:
            return Resource::cpu;
    }
}

}  // namespace

store::Resource resource_of(const Condition& condition) {
    if (const auto* system = std::get_if<SystemMetricCondition>(&condition)) {
        // TCP's memory is the kernel's: no process has a share of it.
        if (system->metric_type.starts_with("tcp_")) return Resource::cpu;
        return resource_of_metric(system->metric_type);
    }
    if (const auto* process = std::get_if<ProcessMetricCondition>(&condition)) {
        return resource_of_field(process->field);
    }
    return Resource::cpu;
}

}  // namespace chorus::alerts
