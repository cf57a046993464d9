// A host whose files a test writes itself, for what no fixture has.
#pragma once

#include <chrono>

#include "agent/procfs/support/boot_clock.h"
#include "agent/procfs/support/read_faults.h"
#include "agent/procfs/support/reader.h"
#include "tests/unit/agent/tree.h"

namespace chorus::agent::testing {

struct WrittenHost {
    static constexpr std::chrono::seconds kInterval{10};

    TemporaryTree proc_tree, sys_tree;
    ManualBootClock clock{std::chrono::seconds{5'000}};
    ReadFaults faults;
    Reader proc{proc_tree.path(), clock};
    Reader sys{sys_tree.path(), clock};
};

}  // namespace chorus::agent::testing
