#include "aggregator/api/routes.h"

#include "aggregator/api/access/routes.h"
#include "aggregator/api/alerts/routes.h"
#include "aggregator/api/hosts/routes.h"
#include "aggregator/api/metrics/routes.h"
#include "aggregator/api/rules/routes.h"
#include "aggregator/api/services/routes.h"
#include "aggregator/api/system/routes.h"

namespace chorus::api {

http::Router make_router(Context& context) {
    http::Router router;
    add_status_routes(router, context);
    add_ingest_routes(router, context);
    add_metric_routes(router, context);
    add_series_routes(router, context);
    add_latest_routes(router, context);
    add_host_routes(router, context);
    add_process_routes(router, context);
    add_host_settings_routes(router, context);
    add_service_routes(router, context);
    add_event_routes(router, context);
    add_stream_routes(router, context);
    add_dashboard_routes(router, context);
    add_rule_routes(router, context);
    add_check_routes(router, context);
    add_alert_routes(router, context);
    add_silence_routes(router, context);
    add_token_routes(router, context);
    add_catalogue_routes(router);
    add_me_routes(router);
    add_page_routes(router, context);
    return router;
}

}  // namespace chorus::api
