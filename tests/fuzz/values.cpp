// Single values in texts: points in time, dates of HTTP, identifiers, names, globs.
#include "common/batch/batch_json.h"
#include "common/http/retry_after.h"
#include "common/text.h"
#include "common/timestamp.h"
#include "common/uuid.h"
#include "tests/fuzz/support.h"

using namespace chorus;
using namespace chorus::fuzz;

namespace {

void times(std::string_view text) {
    if (const auto time = parse_timestamp(text)) {
        require(parse_timestamp(format_timestamp_micros(*time)) == time, "a time reads the same");
    }
    parse_http_date(text, *parse_timestamp("2026-01-15T10:30:45Z"));
}

void names(std::string_view text) {
    for (const std::size_t most : {std::size_t{16}, limits::kLabelBytes}) {
        const auto name = plain_name(text, most);
        require(is_plain_name(name, most), "a name that was made plain is plain");
        require(plain_name(name, most) == name, "a plain name stays as it is");
        require(!is_plain_name(text, most) || name == text, "a name is changed if it has to be");
        require(!find_invalid_utf8(utf8_prefix(repair_utf8(text), most)), "it is cut between two");
    }
    require(!find_invalid_utf8(one_line(text)), "a line is text");
    is_hostname(text);
    is_metric_type(text);
    is_service_name(text);
    nearest(text.substr(0, 64), {"hostname", "metric_type"});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = text_of(data, size);
    times(text);
    names(text);
    if (const auto id = Uuid::parse(text)) {
        require(Uuid::parse(id->to_string()) == id, "an identifier reads the same");
    }
    const auto middle = size / 2;
    glob_match(text.substr(0, middle), text.substr(middle));
    require(glob_match("*", text), "a star fits everything");
    return 0;
}
