// Values of Redis, where anybody may have put them.
#include "aggregator/cache/cached_values.h"
#include "aggregator/cache/overview.h"
#include "tests/fuzz/support.h"

using namespace chorus;
using namespace chorus::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = text_of(data, size);
    cache::is_latest(text);
    require(cache::read_index(text).size() <= size, "each name takes a byte");
    const auto overview = cache::parse_overview(text);
    if (!overview) return 0;
    JsonWriter out;
    cache::write_overview(out, *overview);
    const auto again = cache::parse_overview(out.text());
    require(again.has_value(), "what is written is read");
    JsonWriter second;
    cache::write_overview(second, *again);
    require(second.text() == out.text(), "what is written reads the same");
    return 0;
}
