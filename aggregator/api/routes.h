// The API: each function adds the routes of one resource.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "aggregator/alerts/rule_input.h"
#include "aggregator/http/router.h"
#include "aggregator/schema/partitions.h"
#include "common/clock.h"
#include "common/metrics.h"

namespace chorus::store {
class Database;
}
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

// What handlers work with; all of it outlives the server.
class LoginGuard;
class TokenMemory;

struct Services {
    store::Database& database;
    cache::CacheReader& cache;
    cache::EntryWriter& cache_entries;
    ingest::IngestService& ingest;
    tasks::Scheduler& scheduler;
    tasks::AlertCheck& alert_check;
    health::ServiceMonitor& health;
    const tasks::Maintenance& upkeep;
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

void add_service_routes(http::Router& router, Services& services);  // /, /health, /ready, ...
void add_ingest_routes(http::Router& router, Services& services);   // /api/v1/ingest
void add_metric_routes(http::Router& router, Services& services);   // /api/v1/metrics/...
void add_latest_routes(http::Router& router, Services& services);   // .../latest, overview
void add_host_routes(http::Router& router, Services& services);     // /api/v1/hosts
void add_process_routes(http::Router& router, Services& services);  // .../processes/series
void add_host_settings_routes(http::Router& router, Services& services);
void add_health_routes(http::Router& router, Services& services);     // /system/health, /services
void add_event_routes(http::Router& router, Services& services);      // /api/v1/events
void add_stream_routes(http::Router& router, Services& services);     // .../stream, collect
void add_dashboard_routes(http::Router& router, Services& services);  // /api/v1/dashboard/...
void add_rule_routes(http::Router& router, Services& services);       // /api/v1/alert-rules
void add_check_routes(http::Router& router, Services& services);      // alerts/check, rules/test
void add_alert_routes(http::Router& router, Services& services);      // /api/v1/alerts
void add_silence_routes(http::Router& router, Services& services);    // /api/v1/silences
void add_token_routes(http::Router& router, Services& services);      // tokens, enrolment
void add_catalogue_routes(http::Router& router);                      // /api/v1/metric-types
void add_me_routes(http::Router& router);                             // /api/v1/me
void add_page_routes(http::Router& router, Services& services);       // /ui/, /docs, /openapi.json

http::Router make_router(Services& services);

}  // namespace chorus::api
