// The processes that used most on a host when an alert fired, kept with the alert.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
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

// A row of a process table. What is unknown is not set.
struct TopProcess {
    std::int64_t process_ref = 0;  // of monitoring.processes
    std::int32_t pid = 0;
    std::string name, username, unit;  // the systemd unit
    std::optional<Timestamp> started_at;
    std::optional<double> cpu_percent;  // of one core
    std::optional<double> memory_mb;    // resident, in MiB
    std::optional<double> open_files;
    // Bytes that it read and wrote itself, between this table and the one before.
    std::optional<double> io_bytes_per_second;
    // Differences to the table an hour before. None: it was not there.
    struct Change {
        std::optional<double> cpu_percent, memory_mb, open_files;
    };
    std::optional<Change> change;
};

struct TopProcesses {
    std::string hostname;
    // None: the newest table has no process.
    std::optional<Timestamp> process_table_at{};
    // The moment of the table an hour before. None: there is none, and all changes are unknown.
    std::optional<Timestamp> compared_with;
    // By Resource: those that use most of it, five at most, the greatest first.
    std::array<std::vector<TopProcess>, kResources> by;
};

// By host id, from the newest process table of each host. A host without a table since `oldest` is
// left out. One statement. Throws DatabaseError.
std::unordered_map<std::int32_t, TopProcesses> read_top_processes(
    Session& session, std::span<const std::int32_t> host_ids, Timestamp oldest);

struct AlertContextRow {
    Uuid alert_id;
    std::string context_json;  // of write_context()
};
// Contexts of alerts that have none yet; what is stored stays. One statement. Throws DatabaseError.
void put_contexts(Session& session, const std::vector<AlertContextRow>& contexts,
                  Timestamp taken_at);

}  // namespace chorus::store
