// GET /api/v1/events: what happened on hosts, newest first.
#include "aggregator/api/hosts/routes.h"
#include "aggregator/api/support/context.h"
#include "aggregator/api/support/errors.h"
#include "aggregator/api/support/json_answer.h"
#include "aggregator/api/support/list_query.h"
#include "aggregator/api/support/paging.h"
#include "aggregator/api/support/timings.h"
#include "aggregator/history/event_reader.h"
#include "aggregator/http/parameters.h"
#include "common/batch/batch.h"

namespace chorus::api {
namespace {

void write_event(JsonWriter& out, const store::EventRow& event) {
    out.begin_object()
        .field("id", event.id)
        .field("hostname", event.hostname)
        .field("event_type", event.type)
        .field("timestamp", event.time)
        .key("detail")
        .raw(event.detail_json)
        .end_object();
}

http::Response events(Context& context, const http::Request& request) {
    http::Parameters p{request};
    store::EventQuery query;
    read_list_query(p, query);
    query.type = p.text("event_type", limits::kMetricTypeBytes);
    p.throw_if_bad();

    const store::EventReader reader{context.database};
    Timings timings;
    // One row more than asked for says whether a next page exists.
    const std::int64_t limit = query.limit++;
    auto rows = timings.db([&] { return reader.find(query); });
    const bool more = static_cast<std::int64_t>(rows.size()) > limit;
    if (more) rows.pop_back();
    JsonWriter out;
    out.begin_array();
    for (const auto& row : rows) write_event(out, row);
    out.end_array();
    http::Response response = json_response(out);
    if (more) {
        add_next_link(response, request, "offset", std::to_string(query.offset + limit));
    }
    timings.add_to(response);
    return response;
}

}  // namespace

void add_event_routes(http::Router& router, Context& context) {
    router.add(
        {http::Method::get, "/api/v1/events", http::Role::viewer, http::BodyRule::none, 0,
         guarded([&context](const http::Request& request) { return events(context, request); })});
}

}  // namespace chorus::api
