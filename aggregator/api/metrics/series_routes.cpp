// GET /api/v1/dashboard/metrics/series: the points of charts.
#include "aggregator/api/metrics/routes.h"
#include "aggregator/api/support/context.h"
#include "aggregator/api/support/errors.h"
#include "aggregator/api/support/json_answer.h"
#include "aggregator/api/support/series.h"
#include "aggregator/api/support/timings.h"
#include "aggregator/history/host_reader.h"
#include "aggregator/history/series_reader.h"
#include "aggregator/http/parameters.h"
#include "common/batch/batch.h"

namespace chorus::api {
namespace {

constexpr std::size_t kMostSeries = 50;
constexpr std::chrono::days kLongest{3'660};  // ten years

store::SeriesQuery read_series_query(http::Parameters& p, Timestamp now) {
    store::SeriesQuery query;
    const auto hostname = p.hostname("hostname");
    if (!hostname) p.fault(http::error_missing({std::string("query"), std::string("hostname")}));
    query.hostname = hostname.value_or("");
    query.metric_types = p.texts("metric_type", limits::kMetricTypeBytes, kMostSeries);
    if (query.metric_types.empty()) {
        p.fault(http::error_missing({std::string("query"), std::string("metric_type")}));
    }
    query.label = p.text("label", limits::kLabelBytes);
    const SeriesRange range = read_series_range(p, now, kLongest);
    query.start = range.start;
    query.end = range.end;
    query.max_points = range.max_points;
    return query;
}

http::Response series(Context& context, const http::Request& request) {
    http::Parameters p{request};
    const store::SeriesQuery query = read_series_query(p, context.clock.now());
    p.throw_if_bad();
    Timings timings;
    const store::HostReader hosts{context.database, context.clock};
    if (!timings.db([&] { return hosts.find(query.hostname); })) host_not_found();
    const store::SeriesReader reader{context.database};
    const auto answer = timings.db([&] { return reader.read(query); });
    JsonWriter out;
    write_series(out, answer);
    http::Response response = json_response(out);
    timings.add_to(response);
    return response;
}

}  // namespace

void add_series_routes(http::Router& router, Context& context) {
    router.add({http::Method::get, "/api/v1/dashboard/metrics/series", http::Role::viewer,
                http::BodyRule::none, 0, guarded([&context](const http::Request& request) {
                    return series(context, request);
                })});
}

}  // namespace chorus::api
