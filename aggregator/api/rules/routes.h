// Routes of alert rules.
#pragma once

#include "aggregator/http/router.h"

namespace chorus::api {

struct Context;

void add_rule_routes(http::Router& router, Context& context);  // /api/v1/alert-rules
void add_check_routes(http::Router& router,
                      Context& context);  // /api/v1/alerts/check, /api/v1/alert-rules/test

}  // namespace chorus::api
