#include "aggregator/sealed/seal_metrics.h"

#include "aggregator/sealed/damage.h"

namespace chorus::store {

void register_seal_metrics(MetricsRegistry& metrics, const SealJob& job) {
    auto& days = metrics.read_counter("chorus_aggregator_sealed_partitions_total",
                                      "Days that this aggregator packed and moved.");
    auto& batches = metrics.read_counter(
        "chorus_aggregator_sealed_batches_total",
        "Batches that this aggregator packed; again if late ones came for their day.");
    auto& samples = metrics.read_counter(
        "chorus_aggregator_sealed_samples_total",
        "Values that this aggregator packed, and places of batches without one.");
    auto& seconds = metrics.read_counter("chorus_aggregator_sealing_seconds_total",
                                         "Time spent with packing, without rests.");
    auto& damaged = metrics.read_counter(
        "chorus_aggregator_sealed_rows_damaged_total",
        "How often a damaged row of packed days was left out of an answer or of a round of rules.");
    metrics.on_collect([&days, &batches, &samples, &seconds, &damaged, &job] {
        const auto progress = job.progress();
        days.set(static_cast<double>(progress.days_moved));
        batches.set(static_cast<double>(progress.batches_packed));
        samples.set(static_cast<double>(progress.samples_packed));
        seconds.set(progress.seconds);
        damaged.set(static_cast<double>(damaged_rows_left_out()));
    });
}

void register_table_seal_metrics(MetricsRegistry& metrics, const SealJob& job) {
    auto& days = metrics.read_counter("chorus_aggregator_sealed_process_partitions_total",
                                      "Days of process tables that this aggregator packed and "
                                      "moved.");
    auto& tables = metrics.read_counter(
        "chorus_aggregator_sealed_process_tables_total",
        "Process tables that this aggregator packed; again if late ones came for their block.");
    auto& processes = metrics.read_counter("chorus_aggregator_sealed_process_samples_total",
                                           "Processes in tables that this aggregator packed.");
    auto& seconds =
        metrics.read_counter("chorus_aggregator_sealing_processes_seconds_total",
                             "Time spent with packing of process tables, without rests.");
    metrics.on_collect([&days, &tables, &processes, &seconds, &job] {
        const auto progress = job.progress();
        days.set(static_cast<double>(progress.days_moved));
        tables.set(static_cast<double>(progress.batches_packed));
        processes.set(static_cast<double>(progress.samples_packed));
        seconds.set(progress.seconds);
    });
}

}  // namespace chorus::store
