#include "aggregator/api/hosts/host_json.h"

#include "aggregator/api/support/json_answer.h"

namespace chorus::api {

void write_host(JsonWriter& out, const store::HostRow& host) {
    out.begin_object()
        .field("hostname", host.hostname)
        .field("status", to_string(host.status))
        .field("last_seen", host.last_seen)
        .field("first_seen", host.first_seen)
        .field("interval_seconds", host.interval_seconds)
        .field("wanted_interval_seconds", host.requested_interval_seconds)
        .field("clock_skew_ms", host.clock_skew_ms)
        .field("timed_by_receipt", host.timed_by_receipt)
        .key("agent_id");
    host.agent_id ? out.value(host.agent_id->to_string()) : out.null();
    text_or_null(out.key("agent_version"), host.agent_version);
    text_or_null(out.key("os"), host.os);
    text_or_null(out.key("kernel"), host.kernel);
    text_or_null(out.key("cpu_model"), host.cpu_model);
    out.field("cpu_count", host.cpu_count)
        .field("memory_total_bytes", host.memory_total_bytes)
        .field("boot_time", host.boot_time)
        .key("labels")
        .raw(host.labels_json)
        .key("thresholds")
        .raw(host.thresholds_json)
        .end_object();
}

}  // namespace chorus::api
