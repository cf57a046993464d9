// The API: the routes of all resources in one table.
#pragma once

#include "aggregator/http/router.h"

namespace chorus::api {

struct Context;

http::Router make_router(Context& context);

}  // namespace chorus::api
