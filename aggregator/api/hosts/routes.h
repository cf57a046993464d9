// Routes of hosts: their settings, their present state and their events.
#pragma once

#include "aggregator/http/router.h"

namespace chorus::api {

struct Context;

void add_host_routes(http::Router& router, Context& context);  // /api/v1/hosts
void add_host_settings_routes(http::Router& router,
                              Context& context);  // PATCH and DELETE of one host
void add_latest_routes(http::Router& router,
                       Context& context);  // /api/v1/metrics/latest, /api/v1/system/overview
void add_event_routes(http::Router& router, Context& context);      // /api/v1/events
void add_dashboard_routes(http::Router& router, Context& context);  // /api/v1/dashboard/...

}  // namespace chorus::api
