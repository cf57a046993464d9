// What the packing of days has done, in Prometheus text.
#pragma once

#include "aggregator/sealed/seal_job.h"
#include "common/metrics.h"

namespace chorus::store {

// The job must live as long as the registry is exposed.
void register_seal_metrics(MetricsRegistry& metrics, const SealJob& job);
// Of the job that packs process tables.
void register_table_seal_metrics(MetricsRegistry& metrics, const SealJob& job);

}  // namespace chorus::store
