// Routes of alerts and silences.
#pragma once

#include "aggregator/http/router.h"

namespace chorus::api {

struct Context;

void add_alert_routes(http::Router& router, Context& context);    // /api/v1/alerts
void add_silence_routes(http::Router& router, Context& context);  // /api/v1/silences

}  // namespace chorus::api
