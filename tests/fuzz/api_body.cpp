// Bodies of the API. The first byte chooses: 's' a silence, 'S' a change of one, 'a' an alert, 'A'
// a change of one, 'h' settings of a host.
#include "aggregator/api/alerts/alert_input.h"
#include "aggregator/api/alerts/silence_input.h"
#include "aggregator/api/hosts/host_input.h"
#include "common/json/json_reader.h"
#include "common/text.h"
#include "tests/fuzz/support.h"

using namespace chorus;
using namespace chorus::fuzz;

namespace {

const Timestamp kNow = *parse_timestamp("2026-01-15T10:30:45Z");

void read_body(char choice, JsonValue body, FieldErrors& errors) {
    switch (choice) {
        case 's': {
            const auto silence = api::parse_silence(body, kNow, errors);
            require(!errors.empty() || !silence.comment.empty(), "a silence has a comment");
            break;
        }
        case 'S':
            api::parse_silence_change(body, kNow, errors);
            break;
        case 'a':
            api::parse_alert(body, errors);
            break;
        case 'A':
            api::parse_alert_change(body, errors);
            break;
        case 'h':
            api::parse_host_settings(body, errors);
            break;
        default:
            break;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static JsonReader reader;
    auto text = text_of(data, size);
    const char choice = take_choice(text);
    FieldErrors errors;
    try {
        read_body(choice, reader.parse(text), errors);
    } catch (const JsonError&) {
    }
    for (const auto& error : errors.list()) {
        require(!find_invalid_utf8(error.message), "a fault is told in text");
    }
    return 0;
}
