// A host as the API shows it.
#pragma once

#include "aggregator/history/host_reader.h"
#include "common/json_writer.h"

namespace chorus::api {

void write_host(JsonWriter& out, const store::HostRow& host);

}  // namespace chorus::api
