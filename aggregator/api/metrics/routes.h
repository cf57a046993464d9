// Routes of metrics and processes.
#pragma once

#include "aggregator/http/router.h"

namespace chorus::api {

struct Context;

void add_metric_routes(http::Router& router, Context& context);  // /api/v1/metrics/...
void add_series_routes(http::Router& router, Context& context);  // /api/v1/dashboard/metrics/series
void add_process_routes(http::Router& router, Context& context);  // /api/v1/processes/...
void add_catalogue_routes(http::Router& router);                  // /api/v1/metric-types

}  // namespace chorus::api
