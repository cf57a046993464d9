// What aggregators take of a process table.
#pragma once

#include "common/batch.h"

namespace chorus::agent {

// Forgets every figure of it that is outside of the bounds an aggregator keeps: one impossible
// number of one process must not cost the batch. The kernel gives such numbers where counters wrap,
// clocks jump or a parent inherits the CPU time of days at once.
void forget_impossible_figures(ProcessTable& table);

}  // namespace chorus::agent
