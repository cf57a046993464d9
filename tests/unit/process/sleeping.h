// Scans the processes of this machine, among them some that sleep.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "agent/procfs/support/boot_clock.h"
#include "tests/unit/process/scanned.h"

namespace chorus::agent::testing {

inline void await_state(pid_t pid, char state) {
    const SystemBootClock clock;
    Reader proc("/proc", clock);
    const std::string file = std::to_string(pid) + "/stat";
    const auto now = [&] {
        const auto stat = proc.read(file);
        const auto parsed = parse_pid_stat(stat.text);
        return parsed ? parsed->state : '?';
    };
    while (now() != state) ::usleep(100);
}

class SleepingProcesses : public ::testing::Test {
  protected:
    ProcessSample scanned(pid_t pid, std::optional<std::uint64_t> reclaim) {
        return get(scanner_.scan(kMemory, 4, reclaim), pid);
    }
    // More scans than a process counts as young.
    void settle(pid_t pid) {
        for (int i = 0; i < 5; ++i) scanned(pid, 7);
    }

    SystemBootClock clock_;
    Reader proc_{"/proc", clock_};
    ReadFaults faults_;
    ProcessScanner scanner_{proc_, faults_, UserNames{}, std::chrono::minutes{1}};
};

}  // namespace chorus::agent::testing
