// GET /api/v1/processes/at and /api/v1/processes/series: the processes of a moment, one over time.
#include "aggregator/api/metrics/process_json.h"
#include "aggregator/api/metrics/routes.h"
#include "aggregator/api/support/context.h"
#include "aggregator/api/support/errors.h"
#include "aggregator/api/support/json_answer.h"
#include "aggregator/api/support/series.h"
#include "aggregator/api/support/timings.h"
#include "aggregator/history/host_reader.h"
#include "aggregator/history/processes/process_history.h"
#include "aggregator/history/processes/process_reader.h"
#include "aggregator/http/parameters.h"

namespace chorus::api {
namespace {

constexpr std::chrono::days kLongestOfProcesses{400};

http::Response process_series(Context& context, const http::Request& request) {
    http::Parameters p{request};
    const auto hostname = p.hostname("hostname");
    if (!hostname) p.fault(http::error_missing({std::string("query"), std::string("hostname")}));
    const auto process_id = p.optional_integer("process_id", 1, 2'147'483'647);
    if (!process_id) {
        p.fault(http::error_missing({std::string("query"), std::string("process_id")}));
    }
    store::ProcessHistoryQuery query;
    query.started_at = p.timestamp("started_at");
    const SeriesRange range = read_series_range(p, context.clock.now(), kLongestOfProcesses);
    p.throw_if_bad();
    query.hostname = *hostname;
    query.process_id = static_cast<std::int32_t>(*process_id);
    query.start = range.start;
    query.end = range.end;
    query.max_points = range.max_points;

    Timings timings;
    const store::HostReader hosts{context.database, context.clock};
    if (!timings.db([&] { return hosts.contains(query.hostname); })) host_not_found();
    const store::ProcessHistoryReader reader{context.database};
    const auto answer = timings.db([&] { return reader.read(query); });
    if (!answer) {
        throw http::HttpError(404, "process_not_found", "No such process is stored for that host");
    }
    JsonWriter out;
    write_series(out, *answer);
    http::Response response = json_response(out);
    timings.add_to(response);
    return response;
}

void write_snapshot(JsonWriter& out, const store::ProcessSnapshot& table, bool show_cmdline) {
    out.begin_object()
        .field("hostname", table.hostname)
        .field("timestamp", table.time)
        .field("scanned", table.scanned)
        .key("other");
    if (table.other_count) {
        out.begin_object()
            .field("count", table.other_count)
            .field("cpu_percent", table.other_cpu_percent)
            .field("memory_mb", table.other_memory_mb)
            .end_object();
    } else {
        out.null();
    }
    out.key("processes").begin_array();
    for (const auto& row : table.rows) write_process(out, row, show_cmdline);
    out.end_array().end_object();
}

// Of a host that died its last table would be taken for that of now.
[[noreturn]] void none_of_now(const store::ProcessReader& reader, const std::string& hostname) {
    const auto last = reader.last_time(hostname);
    if (!last) throw http::HttpError(404, "no_data", "No process table of this host is stored");
    // Times are told in milliseconds and kept in microseconds.
    const Timestamp after = std::chrono::ceil<std::chrono::milliseconds>(*last);
    throw http::HttpError(404, "no_data",
                          "This host does not report its processes now; ask for its last ones with "
                          "t=" +
                              format_timestamp(after));
}

http::Response processes_at(Context& context, const http::Request& request) {
    http::Parameters p{request};
    const auto hostname = p.hostname("hostname");
    if (!hostname) p.fault(http::error_missing({std::string("query"), std::string("hostname")}));
    const auto time = p.timestamp("t");
    p.throw_if_bad();
    Timings timings;
    const store::HostReader hosts{context.database, context.clock};
    const store::ProcessReader reader{context.database};
    if (!timings.db([&] { return hosts.contains(*hostname); })) host_not_found();
    const auto table =
        timings.db([&] { return time ? reader.at(*hostname, *time) : reader.newest(*hostname); });
    if (!table && !time) none_of_now(reader, *hostname);
    if (!table) {
        throw http::HttpError(404, "no_data", "No process table is stored for that moment");
    }
    JsonWriter out;
    write_snapshot(out, *table, request.principal.role >= http::Role::operator_);
    http::Response response = json_response(out);
    timings.add_to(response);
    return response;
}

}  // namespace

void add_process_routes(http::Router& router, Context& context) {
    router.add({http::Method::get, "/api/v1/processes/at", http::Role::viewer, http::BodyRule::none,
                0, guarded([&context](const http::Request& request) {
                    return processes_at(context, request);
                })});
    router.add({http::Method::get, "/api/v1/processes/series", http::Role::viewer,
                http::BodyRule::none, 0, guarded([&context](const http::Request& request) {
                    return process_series(context, request);
                })});
}

}  // namespace chorus::api
