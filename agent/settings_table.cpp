#include "agent/settings_table.h"

#include "common/settings/log_settings.h"

namespace chorus::agent {
namespace {

std::vector<Setting> connection_settings() {
    return {
        {.name = "aggregator-url",
         .type = SettingType::url,
         .default_value = "http://127.0.0.1:8082",
         .help = "Where batches are sent.",
         .everyday = true},
        {.name = "agent-token",
         .help = "The token of this agent, made by `chorus-aggregator token create --role agent`.",
         .secret = true,
         .everyday = true},
        {.name = "tls-ca-file",
         .help = "Certificates (PEM) trusted for an https aggregator-url in place of the system's.",
         .everyday = true},
        {.name = "insecure-http",
         .type = SettingType::boolean,
         .default_value = "false",
         .help = "Send the token over plain HTTP to an address that is not loopback."},
        {.name = "stream",
         .type = SettingType::boolean,
         .default_value = "true",
         .help = "Keep a connection open by which the aggregator may ask for a collection at once "
                 "or for another interval."},
    };
}

std::vector<Setting> collection_settings() {
    return {
        {.name = "metrics-collection-interval",
         .environment = "METRICS_COLLECTION_INTERVAL",
         .type = SettingType::duration_seconds,
         .default_value = "30",
         .help = "Time between two collections, 1 s to 1 h.",
         .minimum = 1,
         .maximum = 3'600,
         .everyday = true},
        {.name = "hostname",
         .help = "Name under which this host is stored; the system's if empty.",
         .everyday = true},
        {.name = "cmdline",
         .default_value = "redacted",
         .help = "Arguments of processes: none, redacted (values that may be secrets are hidden "
                 "before anything is stored or sent) or full.",
         .choices = {"none", "redacted", "full"},
         .everyday = true},
        {.name = "process-limit",
         .type = SettingType::integer,
         .default_value = "2000",
         .help = "Processes sent one by one; above it those that use most, and the sum of the "
                 "others.",
         .minimum = 10,
         .maximum = 10'000},
        {.name = "always-processes",
         .help = "Names of processes that are sent one by one whatever they use, with how long "
                 "their threads wait for a CPU and how often they are switched; globs, parted by "
                 "commas."},
        {.name = "pss-budget-ms",
         .type = SettingType::integer,
         .default_value = "1",
         .help = "Time in each collection for the memory of processes in proportion to its sharers "
                 "(PSS) and their swap; 0 leaves them out.",
         .minimum = 0,
         .maximum = 1'000},
        {.name = "extended-metrics",
         .type = SettingType::boolean,
         .default_value = "false",
         .help = "Send the metrics few people look at, too; `GET /api/v1/metric-types` tells all."},
        {.name = "procfs", .default_value = "/proc", .help = "Where procfs is mounted."},
        {.name = "sysfs", .default_value = "/sys", .help = "Where sysfs is mounted."},
        {.name = "rootfs",
         .default_value = "/",
         .help = "Prefix of every mount point, for an agent in a container."},
    };
}

std::vector<Setting> service_settings() {
    return {
        {.name = "agent-service-endpoints",
         .type = SettingType::json,
         .default_value = "{}",
         .help =
             "Services that this agent checks, for those that only this host sees: a JSON object "
             "of names and URLs (http, https, tcp) or of objects with url, interval, "
             "timeout_seconds, expected_status, retries; 50 at most. They are stored as "
             "NAME@HOSTNAME.",
         .secret = true,
         .everyday = true},
        {.name = "agent-service-ca-file",
         .help = "Certificates (PEM) trusted for https services in place of the system's."},
    };
}

std::vector<Setting> keeping_settings() {
    return {
        {.name = "spool-dir",
         .default_value = "/var/lib/chorus-agent",
         .help = "Directory of the agent's state; created if its parent may be written.",
         .everyday = true},
        {.name = "spool-max-mb",
         .type = SettingType::integer,
         .default_value = "128",
         .help = "Space on disk for batches that wait for the aggregator, in MiB; the oldest go "
                 "first.",
         .minimum = 1,
         .maximum = 1'048'576},
        {.name = "queue-max-batches",
         .type = SettingType::integer,
         .default_value = "240",
         .help = "Batches kept in memory while neither the aggregator nor the disk takes any; the "
                 "oldest go first.",
         .minimum = 1,
         .maximum = 100'000},
        {.name = "memory-limit-mb",
         .type = SettingType::integer,
         .default_value = "64",
         .help = "Resident memory in MiB above which the agent tells of fewer processes, without "
                 "command lines.",
         .minimum = 8,
         .maximum = 65'536},
    };
}

std::vector<Setting> telling_settings() {
    return {
        {.name = "status-port",
         .type = SettingType::integer,
         .default_value = "0",
         .help = "Serve /metrics, /status and /health on this port of 127.0.0.1; 0 = do not.",
         .minimum = 0,
         .maximum = 65'535,
         .everyday = true},
        log_level_setting(),
        log_format_setting(),
    };
}

}  // namespace

const std::vector<Setting>& agent_settings() {
    static const std::vector<Setting> table = [] {
        std::vector<Setting> all;
        for (auto part : {grouped("Connection", connection_settings()),
                          grouped("Collection", collection_settings()),
                          grouped("Services of this host", service_settings()),
                          grouped("What is kept", keeping_settings()),
                          grouped("Logs and status", telling_settings())}) {
            all.insert(all.end(), part.begin(), part.end());
        }
        return all;
    }();
    return table;
}

}  // namespace chorus::agent
