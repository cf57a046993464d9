// The resource by which an alert's processes are ranked: the one that the rule is about. A pure
// function.
#pragma once

#include "aggregator/alert_store/top_processes.h"
#include "aggregator/rules/rule.h"

namespace chorus::alerts {

// Chosen by the words of the metric's name or by the field of a process. Memory, swap and OOM kills
// are memory. Disks, file systems and the pressure of I/O are I/O. File descriptors are open files.
// All else is CPU.
store::Resource resource_of(const Condition& condition);

}  // namespace chorus::alerts
