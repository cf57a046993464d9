// The parts of the program that handlers use.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "aggregator/rules/rule_input.h"
#include "aggregator/schema/partitions.h"
#include "common/clock.h"
#include "common/metrics.h"

namespace chorus::store {
class Database;
class SealJob;
}  // namespace chorus::store
namespace chorus::cache {
class CacheReader;
class EntryWriter;
}  // namespace chorus::cache
namespace chorus::health {
class ServiceMonitor;
}
namespace chorus::ingest {
class IngestService;
}
namespace chorus::live {
class AgentStreams;
class Intervals;
class ViewerStreams;
}  // namespace chorus::live
namespace chorus::tasks {
class AlertCheck;
class Maintenance;
class Scheduler;
}  // namespace chorus::tasks

namespace chorus::api {

class LoginGuard;
class TokenMemory;

// All of it outlives the server.
struct Context {
    store::Database& database;
    cache::CacheReader& cache;
    cache::EntryWriter& cache_entries;
    ingest::IngestService& ingest;
    tasks::Scheduler& scheduler;
    tasks::AlertCheck& alert_check;
    health::ServiceMonitor& health;
    const tasks::Maintenance& upkeep;
    const store::SealJob& sealing;
    const store::SealJob& table_sealing;
    MetricsRegistry& metrics;
    const Clock& clock;
    live::ViewerStreams& viewers;
    live::AgentStreams& agents;
    live::Intervals& intervals;
    LoginGuard& logins;
    TokenMemory& tokens;
    std::string own_hostname;  // of the machine the aggregator runs on
    alerts::RuleContext rule_context{};
    std::int64_t max_open_alerts = 10'000;
    std::chrono::seconds alert_check_interval{60};
    store::Retention retention{};
    std::string web_root{};  // folder of the dashboard's files in place of those in the program
};

}  // namespace chorus::api
