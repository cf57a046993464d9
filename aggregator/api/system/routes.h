// Routes of the program itself, its pages, ingest and live streams.
#pragma once

#include "aggregator/http/router.h"

namespace chorus::api {

struct Context;

void add_status_routes(http::Router& router,
                       Context& context);  // /, /health, /ready, /status, /metrics
void add_ingest_routes(http::Router& router, Context& context);  // /api/v1/ingest
void add_stream_routes(http::Router& router,
                       Context& context);  // /api/v1/.../stream, /api/v1/metrics/collect
void add_page_routes(http::Router& router, Context& context);  // /ui/, /docs, /openapi.json

}  // namespace chorus::api
