#include "aggregator/api/routes.h"

namespace chorus::api {

http::Router make_router(Services& services) {
    http::Router router;
    add_service_routes(router, services);
    add_ingest_routes(router, services);
    add_metric_routes(router, services);
    add_latest_routes(router, services);
    add_host_routes(router, services);
    add_process_routes(router, services);
    add_host_settings_routes(router, services);
    add_health_routes(router, services);
    add_event_routes(router, services);
    add_stream_routes(router, services);
    add_dashboard_routes(router, services);
    add_rule_routes(router, services);
    add_check_routes(router, services);
    add_alert_routes(router, services);
    add_silence_routes(router, services);
    add_token_routes(router, services);
    add_catalogue_routes(router);
    add_me_routes(router);
    add_page_routes(router, services);
    return router;
}

}  // namespace chorus::api
