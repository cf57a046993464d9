#include "aggregator/api/metrics/routes.h"
#include "aggregator/api/support/context.h"
#include "aggregator/http/parameters.h"
#include "common/batch/catalogue.h"
#include "common/json_writer.h"

namespace chorus::api {

// GET /api/v1/metric-types: what every metric means, so that nobody has to guess a formula.
void add_catalogue_routes(http::Router& router) {
    router.add({http::Method::get, "/api/v1/metric-types", http::Role::viewer, http::BodyRule::none,
                0, [](const http::Request& request) {
                    http::refuse_parameters(request);
                    JsonWriter out;
                    out.begin_array();
                    for (const MetricInfo& metric : metric_catalogue()) {
                        out.begin_object()
                            .field("metric_type", metric.metric_type)
                            .field("unit", metric.unit)
                            .key("label_name");
                        metric.label_name.empty() ? out.null() : out.value(metric.label_name);
                        out.field("source", metric.source)
                            .field("formula", metric.formula)
                            .field("meaning", metric.meaning)
                            .field("aggregation", to_string(metric.aggregation))
                            .end_object();
                    }
                    out.end_array();
                    http::Response response;
                    response.body = out.take();
                    return response;
                }});
}

}  // namespace chorus::api
