// Routes of the checked services.
#pragma once

#include "aggregator/http/router.h"

namespace chorus::api {

struct Context;

void add_service_routes(http::Router& router,
                        Context& context);  // /api/v1/services, /api/v1/system/health

}  // namespace chorus::api
