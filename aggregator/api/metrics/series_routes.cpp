// GET /api/v1/dashboard/metrics/series: the points of charts.
#include "aggregator/api/metrics/routes.h"
#include "aggregator/api/support/context.h"
#include "aggregator/api/support/errors.h"
#include "aggregator/api/support/json_answer.h"
#include "aggregator/api/support/series.h"
#include "aggregator/api/support/timings.h"
#include "aggregator/history/fleet_series_reader.h"
#include "aggregator/history/host_reader.h"
#include "aggregator/history/sent_metrics.h"
#include "aggregator/history/series_reader.h"
#include "aggregator/http/parameters.h"
#include "common/batch/batch.h"

namespace chorus::api {
namespace {

constexpr std::size_t kMostSeries = 50;
constexpr std::chrono::days kLongestOfMetrics{3'660};  // ten years
constexpr std::size_t kHostnameBytes = 255;
constexpr std::size_t kHostLabelBytes = 63 + 1 + 255;  // NAME=VALUE
constexpr std::size_t kMostHostLabels = 16;
constexpr std::int64_t kMostTop = 100;
constexpr std::string_view kByLabel = "label:";

Location in_query(const char* name) {
    return {std::string("query"), std::string(name)};
}

// A host's name is checked strictly. A glob finds nothing if it fits none.
std::optional<std::string> read_hosts(http::Parameters& p, bool& is_glob) {
    auto text = p.text("hostname", kHostnameBytes);
    is_glob = !text || text->find_first_of("*?") != std::string::npos;
    return is_glob ? text : p.hostname("hostname");
}

void read_group_by(http::Parameters& p, const std::string& text, store::FleetQuery& query) {
    if (text == "none") {
        query.group_by = store::GroupBy::nothing;
    } else if (text.starts_with(kByLabel) && text.size() > kByLabel.size()) {
        query.group_by = store::GroupBy::host_label;
        query.group_label = text.substr(kByLabel.size());
    } else if (text != "host") {
        p.fault({"value_error", in_query("group_by"),
                 "Value error, it should be host, none or label:NAME with a label of hosts"});
    }
}

struct Asked {
    store::FleetQuery query;
    bool is_one_host = false;  // its series, each by itself
};

Asked read_query(http::Parameters& p, Timestamp now) {
    Asked asked;
    auto& query = asked.query;
    bool is_glob = false;
    query.host_glob = read_hosts(p, is_glob).value_or("*");
    query.metric_types = p.texts("metric_type", limits::kMetricTypeBytes, kMostSeries);
    if (query.metric_types.empty()) p.fault(http::error_missing(in_query("metric_type")));
    query.label = p.text("label", limits::kLabelBytes);
    query.host_labels = p.pairs("host_label", kHostLabelBytes, kMostHostLabels);
    const auto group_by = p.text("group_by", kHostLabelBytes);
    if (group_by) read_group_by(p, *group_by, query);
    query.topk = static_cast<std::size_t>(p.integer("topk", 0, 0, kMostTop));
    const SeriesRange range = read_series_range(p, now, kLongestOfMetrics);
    query.start = range.start;
    query.end = range.end;
    query.max_points = range.max_points;
    asked.is_one_host = !is_glob && !group_by && query.host_labels.empty() && query.topk == 0;
    return asked;
}

store::SeriesAnswer read_one_host(Context& context, const store::FleetQuery& query) {
    const store::HostReader hosts{context.database, context.clock};
    if (!hosts.contains(query.host_glob)) host_not_found();
    return store::SeriesReader{context.database}.read({query.host_glob, query.metric_types,
                                                       query.label, query.start, query.end,
                                                       query.max_points});
}

store::SeriesAnswer read_fleet(Context& context, http::Parameters& p,
                               const store::FleetQuery& query) {
    try {
        return store::FleetSeriesReader{context.database}.read(query);
    } catch (const store::TooManyBuckets& e) {
        p.fault({"value_error", in_query("max_points"),
                 std::string("Value error, the answer would be too large: ") + e.what() +
                     "; lower max_points, or use group_by=none, topk, label or fewer hosts"});
        p.throw_if_bad();
        throw;
    }
}

// Labels of metrics are names and paths, and those of hosts NAME=VALUE. They are easily mistaken.
void refuse_host_label(http::Parameters& p, store::Database& database,
                       const store::FleetQuery& query) {
    if (!query.label || query.label->find('=') == std::string::npos) return;
    if (store::has_label(database, query.metric_types, *query.label)) return;
    p.fault({"value_error", in_query("label"),
             "Value error, no series has this label, which is one of the metric, such as a mount "
             "point; labels of hosts are asked for as host_label=NAME=VALUE"});
    p.throw_if_bad();
}

void refuse_misspelt(http::Parameters& p, store::Database& database,
                     const std::vector<std::string>& metric_types) {
    const auto misspelt = store::find_misspelt(database, metric_types);
    if (!misspelt) return;
    p.fault({"value_error", in_query("metric_type"),
             "Value error, no host has sent " + misspelt->metric_type + "; did you mean " +
                 misspelt->nearest + "?"});
    p.throw_if_bad();
}

http::Response series(Context& context, const http::Request& request) {
    http::Parameters p{request};
    const auto asked = read_query(p, context.clock.now());
    p.throw_if_bad();
    Timings timings;
    const auto answer = timings.db([&] {
        refuse_misspelt(p, context.database, asked.query.metric_types);
        return asked.is_one_host ? read_one_host(context, asked.query)
                                 : read_fleet(context, p, asked.query);
    });
    if (answer.series.empty()) refuse_host_label(p, context.database, asked.query);
    JsonWriter out;
    write_series(out, answer, !asked.is_one_host);
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
