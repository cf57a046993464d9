// Scans recorded trees and looks up processes in what came of it.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "agent/process/process_scanner.h"
#include "tests/unit/agent/samples.h"

namespace chorus::agent::testing {

inline constexpr std::uint64_t kMemory = 16'384'000ULL * 1'024;

inline ProcessScanner scanner_of(Machine& machine) {
    return {machine.proc, machine.faults, UserNames([](uid_t) { return "somebody"; }),
            Machine::kInterval, ScanConstants{.ticks_per_second = 100, .page_bytes = 4'096}};
}

inline const ProcessSample* find(const ProcessTable& table, std::int32_t pid) {
    for (const auto& row : table.rows) {
        if (row.pid == pid) return &row;
    }
    return nullptr;
}

inline ProcessSample get(const ProcessTable& table, std::int32_t pid) {
    const auto* row = find(table, pid);
    if (row == nullptr) throw std::out_of_range("no process " + std::to_string(pid));
    return *row;
}

}  // namespace chorus::agent::testing
