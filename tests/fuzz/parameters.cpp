// What stands in a query and in headers, and the answer that tells its faults.
#include "aggregator/http/parameters.h"

#include <stdexcept>

#include "aggregator/http/cors.h"
#include "aggregator/http/etag.h"
#include "aggregator/http/head_parser.h"
#include "common/batch/batch_json.h"
#include "common/json/json_reader.h"
#include "tests/fuzz/support.h"

using namespace chorus;
using namespace chorus::fuzz;

namespace {

void read_values(const http::Request& request) {
    http::Parameters in(request);
    const auto limit = in.integer_of({"limit", "skip"}, 10, 0, 1'000);
    const auto most = in.optional_integer("most", 1, 100);
    const auto text = in.text("text", 16);
    const auto names = in.texts("names", 16, 4);
    const auto tags = in.pairs("tag", 16, 4);
    const auto keyed = in.keyed("key", 16, 4);
    in.boolean("all", false);
    in.timestamp("from");
    const auto choice = in.choice("order", {"asc", "desc"});
    const auto hostname = in.hostname("hostname");
    in.throw_if_bad();
    require(limit >= 0 && limit <= 1'000 && (!most || (*most >= 1 && *most <= 100)), "a range");
    require(!text || text->size() <= 16, "a length");
    require(names.size() <= 4 && tags.size() <= 4 && keyed.size() <= 4, "a count");
    require(!choice || *choice == "asc" || *choice == "desc", "a choice");
    require(!hostname || is_hostname(*hostname), "a hostname");
}

void tell_faults(http::Request& request, const FieldErrors& errors) {
    static JsonReader reader;
    for (const char* accepted : {"application/json", "application/problem+json"}) {
        request.headers = {{"accept", accepted}};
        const auto answer = http::validation_failed(request, errors);
        require(answer.status == 422, "faults are a 422");
        reader.parse(answer.body);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = text_of(data, size);
    http::etag_listed(text, "\"a\"");
    try {
        http::parse_origins(text);
    } catch (const std::invalid_argument&) {
    }
    auto query = http::parse_query(text);
    if (!query) return 0;
    http::Request request;
    request.path = "/";
    request.query = std::move(*query);
    try {
        read_values(request);
    } catch (const http::ValidationError& error) {
        tell_faults(request, error.errors());
    }
    return 0;
}
