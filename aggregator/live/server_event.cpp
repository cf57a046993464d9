#include "aggregator/live/server_event.h"

namespace chorus::live {

std::string server_event(std::uint64_t id, std::string_view name, std::string_view json) {
    std::string out;
    out.reserve(json.size() + name.size() + 48);
    if (id != 0) out += "id: " + std::to_string(id) + '\n';
    out += "event: ";
    out += name;
    out += "\ndata: ";
    out += json;
    out += "\n\n";
    return out;
}

http::Response stream_response() {
    http::Response response;
    response.content_type = "text/event-stream; charset=utf-8";
    // nginx would gather the events otherwise.
    response.with("Cache-Control", "no-store").with("X-Accel-Buffering", "no");
    return response;
}

}  // namespace chorus::live
