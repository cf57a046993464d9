// Alert rules as clients write them. The first byte chooses: 'n' a new rule, others a change of
// one.
#include <iterator>

#include "aggregator/rules/rule_input.h"
#include "common/json/json_reader.h"
#include "tests/fuzz/support.h"

using namespace chorus;
using namespace chorus::fuzz;

namespace {

const alerts::RuleContext kContext{5000, [](std::string_view name) { return name == "email:ops"; }};

// The database keeps the condition as it was written: rounds read it from there.
void require_readable(std::string_view type, std::string_view condition) {
    static JsonReader reader;
    FieldErrors errors;
    const auto read = alerts::parse_condition(type, reader.parse(condition), kContext, errors);
    require(read && errors.empty(), "what was taken can be judged");
}

void read_new(JsonValue body) {
    FieldErrors errors;
    alerts::refuse_unknown_rule_members(body, errors);
    FieldErrors faults;
    const auto draft = alerts::parse_rule(body, kContext, faults);
    if (faults.empty()) require_readable(rule_type(draft.condition), draft.condition_json);
}

void read_change(JsonValue body) {
    for (const char* type : {"system_metric", "process_metric", "service_health", "host_silent"}) {
        FieldErrors errors;
        const auto change = alerts::parse_rule_change(body, type, kContext, errors);
        if (errors.empty() && change.condition_json) require_readable(type, *change.condition_json);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static JsonReader reader;
    auto text = text_of(data, size);
    const char choice = take_choice(text);
    try {
        const auto body = reader.parse(text);
        choice == 'n' ? read_new(body) : read_change(body);
    } catch (const JsonError&) {
    }
    return 0;
}
