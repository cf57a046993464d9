// Routes of tokens, sessions, enrolment, who asks.
#pragma once

#include "aggregator/http/router.h"

namespace chorus::api {

struct Context;

void add_token_routes(http::Router& router, Context& context);  // tokens, enrolment, sessions
void add_me_routes(http::Router& router);                       // /api/v1/me

}  // namespace chorus::api
