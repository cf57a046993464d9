// The processes that used most on a host when an alert fired, kept with the alert.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "aggregator/postgres/session.h"
#include "common/timestamp.h"
#include "common/uuid.h"

namespace chorus::store {

// What a process uses of its host.
enum class Resource { cpu, memory, io, open_files };
inline constexpr std::size_t kResources = 4;
// "cpu", "memory", "io", "open_files".
std::string_view to_string(Resource resource);

struct Culprits {
    // {"hostname", "process_table_at", "compared_with", "by_cpu": [...], "by_memory": [...],
    // "by_io": [...], "by_open_files": [...]}. Each process has its change against the hour before,
    // null if that is unknown. No command lines.
    std::string context_json;
    // For notifications, by what the rule is about: the first three by that resource, then those by
    // CPU and by memory, each process once: [{"process_name", "process_id", "cpu_percent",
    // "memory_mb", "io_bytes_per_sec", "fd_count", "change"}].
    std::array<std::string, kResources> top_json;
};

// By host id, from the newest process table of each host. A host without a table since `oldest` is
// left out. One statement.
std::unordered_map<std::int32_t, Culprits> read_culprits(Session& session,
                                                         std::span<const std::int32_t> host_ids,
                                                         Timestamp oldest);

struct AlertContextRow {
    Uuid alert_id;
    std::string context_json;
};
// Of alerts that have none yet. One statement.
void put_contexts(Session& session, const std::vector<AlertContextRow>& contexts,
                  Timestamp taken_at);

}  // namespace chorus::store
