// Any JSON from outside. Two parsers read it: the fast one decides, the slow one says why not.
#include "common/batch/batch.h"
#include "common/json/json_fault.h"
#include "common/json/json_reader.h"
#include "common/json_writer.h"
#include "common/text.h"
#include "tests/fuzz/support.h"

using namespace chorus;
using namespace chorus::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static JsonReader reader;
    const auto text = text_of(data, size);
    const auto fault = find_json_fault(text, limits::kJsonDepth);
    try {
        const auto value = reader.parse(text);
        require(!fault, "what is read has no fault");
        const std::string again = simdjson::minify(value);
        require(simdjson::minify(reader.parse(again)) == again, "what is written reads the same");
    } catch (const JsonError& error) {
        require(fault || error.code() == "json_duplicate_key", "what is refused has a fault");
        require(error.offset() <= size, "the fault lies within the text");
        require(!find_invalid_utf8(error.what()), "the message is text");
    }
    JsonWriter out;
    out.value(text);
    reader.parse(out.text());  // whatever is written is JSON
    return 0;
}
