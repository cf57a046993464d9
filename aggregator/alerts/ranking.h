// Which processes are to blame first: those that take most of what a rule is about.
#pragma once

#include "aggregator/alert_store/culprits.h"
#include "aggregator/alerts/rule.h"

namespace chorus::alerts {

// By the words of the metric's name or by the field of a process: memory, swap and OOM kills are
// memory; disks, file systems and the pressure of I/O are I/O; file descriptors are open files; all
// else is CPU.
store::Resource resource_of(const Condition& condition);

}  // namespace chorus::alerts
