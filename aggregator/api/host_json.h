// How a host is written, and what is said when there is none.
#pragma once

#include "aggregator/history/host_reader.h"
#include "common/json_writer.h"

namespace chorus::api {

void write_host(JsonWriter& out, const store::HostRow& host);
[[noreturn]] void host_not_found();  // 404

}  // namespace chorus::api
