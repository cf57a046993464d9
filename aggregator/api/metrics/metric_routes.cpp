// GET /api/v1/metrics/system and /api/v1/metrics/processes: stored samples, newest first.
#include "aggregator/api/metrics/process_json.h"
#include "aggregator/api/metrics/routes.h"
#include "aggregator/api/support/context.h"
#include "aggregator/api/support/errors.h"
#include "aggregator/api/support/json_answer.h"
#include "aggregator/api/support/list_query.h"
#include "aggregator/api/support/paging.h"
#include "aggregator/api/support/timings.h"
#include "aggregator/history/metric_reader.h"
#include "aggregator/history/processes/process_reader.h"
#include "aggregator/http/parameters.h"
#include "common/batch/batch.h"

namespace chorus::api {
namespace {

template <typename Query>
void read_common(http::Parameters& p, const http::Request& request, Query& query) {
    read_list_query(p, query);
    query.after = read_cursor(request, p);
}

// One row more than asked for was read: it says whether a next page exists.
template <typename Row, typename WriteRow>
http::Response page(const http::Request& request, std::vector<Row>& rows, std::int64_t limit,
                    const std::optional<std::string>& next_offset, WriteRow&& write) {
    const bool more = static_cast<std::int64_t>(rows.size()) > limit;
    if (more) rows.resize(static_cast<std::size_t>(limit));
    JsonWriter out;
    out.begin_array();
    for (const Row& row : rows) write(out, row);
    out.end_array();
    http::Response response = json_response(out);
    if (more && next_offset) {
        add_next_link(response, request, "offset", *next_offset);
    } else if (more) {
        add_next_link(response, request, "cursor", make_cursor(request, rows.back().cursor));
    }
    return response;
}

void write_metric(JsonWriter& out, const store::MetricRow& row) {
    out.begin_object()
        .field("id", row.id.to_string())
        .field("hostname", row.hostname)
        .field("metric_type", row.metric_type)
        .field("metric_value", row.value)
        .key("metric_unit");
    text_or_null(out, row.unit)
        .key("tags")
        .raw(row.tags_json)
        .field("timestamp", row.time)
        .field("created_at", row.created_at)
        .end_object();
}

http::Response system_metrics(Context& context, const http::Request& request) {
    http::Parameters p{request, http::Unknown::ignored};
    store::MetricQuery query;
    read_common(p, request, query);
    query.metric_type = p.text("metric_type", limits::kMetricTypeBytes);
    query.tags = p.keyed("tags", limits::kLabelBytes, 16);
    const bool count = p.boolean("count", false);
    p.throw_if_bad();

    const store::MetricReader reader{context.database};
    Timings timings;
    const std::int64_t limit = query.limit++;
    auto rows = timings.db([&] { return reader.find(query); });
    http::Response response = page(request, rows, limit, std::nullopt, write_metric);
    if (count) {
        const auto total = timings.db([&] { return reader.count(query); });
        response.with("X-Total-Count", std::to_string(total));
    }
    timings.add_to(response);
    return response;
}

store::ProcessSort sort_from(const std::string& name) {
    if (name == "cpu_percent") return store::ProcessSort::cpu_percent;
    if (name == "memory_mb") return store::ProcessSort::memory_mb;
    if (name == "memory_percent") return store::ProcessSort::memory_percent;
    return store::ProcessSort::timestamp;
}

http::Response process_metrics(Context& context, const http::Request& request) {
    http::Parameters p{request, http::Unknown::ignored};
    store::ProcessQuery query;
    read_common(p, request, query);
    p.text("metric_type", limits::kMetricTypeBytes);  // accepted and ignored, as the original did
    query.process_name = p.text("process_name", limits::kProcessNameBytes);
    query.username = p.text("username", limits::kLabelBytes);
    query.unit = p.text("unit", limits::kLabelBytes);
    query.container_id = p.text("container_id", limits::kLabelBytes);
    query.process_id = p.optional_integer("process_id", 1, 2'147'483'647);
    query.sort =
        sort_from(p.choice("sort", {"timestamp", "cpu_percent", "memory_mb", "memory_percent"})
                      .value_or("timestamp"));
    const bool count = p.boolean("count", false);
    p.throw_if_bad();

    const store::ProcessReader reader{context.database};
    Timings timings;
    const std::int64_t limit = query.limit++;
    auto rows = timings.db([&] { return reader.find(query); });
    std::optional<std::string> next_offset;
    if (query.sort != store::ProcessSort::timestamp) {
        next_offset = std::to_string(query.offset + limit);
    }
    const bool show_cmdline = request.principal.role >= http::Role::operator_;
    http::Response response =
        page(request, rows, limit, next_offset, [&](JsonWriter& out, const store::ProcessRow& row) {
            write_process(out, row, show_cmdline);
        });
    if (count) {
        const auto total = timings.db([&] { return reader.count(query); });
        response.with("X-Total-Count", std::to_string(total));
    }
    timings.add_to(response);
    return response;
}

}  // namespace

void add_metric_routes(http::Router& router, Context& context) {
    router.add({http::Method::get, "/api/v1/metrics/system", http::Role::viewer,
                http::BodyRule::none, 0, guarded([&context](const http::Request& request) {
                    return system_metrics(context, request);
                })});
    router.add({http::Method::get, "/api/v1/metrics/processes", http::Role::viewer,
                http::BodyRule::none, 0, guarded([&context](const http::Request& request) {
                    return process_metrics(context, request);
                })});
}

}  // namespace chorus::api
