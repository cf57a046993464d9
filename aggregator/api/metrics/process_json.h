// A process sample as the API shows it.
#pragma once

#include "aggregator/history/processes/process_reader.h"
#include "common/json_writer.h"

namespace chorus::api {

// ProcessMetric of openapi.json. Command lines are for operators: a viewer sees null.
void write_process(JsonWriter& out, const store::ProcessRow& row, bool show_cmdline);

}  // namespace chorus::api
