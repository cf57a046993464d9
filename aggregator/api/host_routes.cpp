// GET /api/v1/hosts, /api/v1/hosts/{hostname} and /api/v1/processes/at.
#include "aggregator/api/host_json.h"
#include "aggregator/api/process_json.h"
#include "aggregator/api/routes.h"
#include "aggregator/api/support.h"
#include "aggregator/history/host_reader.h"
#include "aggregator/history/process_reader.h"

namespace chorus::api {
namespace {

constexpr std::size_t kLabelBytes = 63 + 1 + 255;  // NAME=VALUE
constexpr std::size_t kMostLabels = 16;            // of a host

http::Response list_hosts(Services& services, const http::Request& request) {
    http::Parameters p{request};
    store::HostQuery query;
    query.statuses = read_words(p, "status", store::kHostStatuses);
    query.labels = p.pairs("label", kLabelBytes, kMostLabels);
    query.text = p.text("q", limits::kHostnameBytes);
    p.throw_if_bad();
    Timings timings;
    const store::HostReader reader{services.database, services.clock};
    const auto hosts = timings.db([&] { return reader.list(query); });
    JsonWriter out;
    out.begin_array();
    for (const auto& host : hosts) write_host(out, host);
    out.end_array();
    http::Response response = json_response(out);
    timings.add_to(response);
    return response;
}

http::Response one_host(Services& services, const http::Request& request) {
    http::Parameters p{request};
    const std::string hostname = p.path_hostname("hostname");
    p.throw_if_bad();
    Timings timings;
    const store::HostReader reader{services.database, services.clock};
    const auto host = timings.db([&] { return reader.find(hostname); });
    if (!host) host_not_found();
    JsonWriter out;
    write_host(out, *host);
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

http::Response processes_at(Services& services, const http::Request& request) {
    http::Parameters p{request};
    const auto hostname = p.hostname("hostname");
    if (!hostname) p.fault(http::error_missing({std::string("query"), std::string("hostname")}));
    const auto time = p.timestamp("t");
    p.throw_if_bad();
    Timings timings;
    const store::HostReader hosts{services.database, services.clock};
    const store::ProcessReader reader{services.database};
    if (!timings.db([&] { return hosts.find(*hostname); })) host_not_found();
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

void add_host_routes(http::Router& router, Services& services) {
    router.add({http::Method::get, "/api/v1/hosts", http::Role::viewer, http::BodyRule::none, 0,
                guarded([&services](const http::Request& request) {
                    return list_hosts(services, request);
                })});
    router.add({http::Method::get, "/api/v1/hosts/{hostname}", http::Role::viewer,
                http::BodyRule::none, 0, guarded([&services](const http::Request& request) {
                    return one_host(services, request);
                })});
    router.add({http::Method::get, "/api/v1/processes/at", http::Role::viewer, http::BodyRule::none,
                0, guarded([&services](const http::Request& request) {
                    return processes_at(services, request);
                })});
}

}  // namespace chorus::api
