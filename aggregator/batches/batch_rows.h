// Rows of the batch tables in COPY's binary form.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "aggregator/batches/batch_prepared.h"
#include "common/timestamp.h"

namespace chorus::store {

inline constexpr std::string_view kSystemRowTarget =
    "monitoring.system_batches (host_id, ts, received_at, payload_hash, layout_id, \"values\")";
// Table and columns of append_process_row().
const std::string& process_row_target();

// What a row needs beside the batch. `time` is the batch's own, unless another row has it.
struct RowKey {
    std::int32_t host_id;
    Timestamp time;
};

void append_system_row(std::string& out, const PreparedBatch& prepared, RowKey key,
                       std::int32_t layout_id);

// `refs` has the process_ref of each process of the batch, in the batch's order.
void append_process_row(std::string& out, const PreparedBatch& prepared, RowKey key,
                        std::span<const std::int64_t> refs);

}  // namespace chorus::store
