// Heads of requests, as clients of the aggregator send them.
#include <algorithm>

#include "aggregator/http/head_parser.h"
#include "aggregator/http/request_line.h"
#include "tests/fuzz/support.h"

using namespace chorus;
using namespace chorus::fuzz;

namespace {

bool printable(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return http::is_control(c) && c != '\t'; });
}

void check(const http::Head& head) {
    require(head.request.path.starts_with('/') || head.request.path == "*", "the path is one");
    for (const auto& [name, value] : head.request.headers) {
        require(http::is_token(name) && printable(value), "a header is a token and a text");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = text_of(data, size);
    http::parse_query(text);
    http::check_incomplete_head(text);
    const std::size_t length = http::head_length(text);
    if (length == 0) return 0;
    require(length >= 4 && length <= size, "a head lies within its bytes");
    http::Head head;
    if (const auto error = http::parse_head(text.substr(0, length), head)) {
        require(error->status >= 400 && error->status < 600, "a fault has the status of one");
        require(printable(error->detail), "a fault repeats no control characters");
        return 0;
    }
    check(head);
    // Clients whose bytes come late are refused nothing that others may send.
    for (std::size_t cut = 0; cut < length; cut += 1 + cut / 16) {
        require(!http::check_incomplete_head(text.substr(0, cut)), "its beginning is acceptable");
    }
    return 0;
}
