#include "agent/push/wire_edit.h"

#include "common/batch_json.h"

namespace chorus::agent {
namespace {

// Before these members the JSON has only names and values of a fixed alphabet, and inside a JSON
// string a quote never stands bare: the first hit is the member itself.
void set_member(std::string& json, std::string_view opening, std::string_view value) {
    const auto at = json.find(opening);
    if (at == std::string::npos) return;
    const auto start = at + opening.size();
    const auto end = json.find('"', start);
    if (end != std::string::npos) json.replace(start, end - start, value);
}

}  // namespace

void stamp(std::string& json, const Uuid& epoch, Timestamp sent_at) {
    set_member(json, R"("epoch":")", epoch.to_string());
    set_member(json, R"("sent_at":")", format_timestamp_micros(sent_at));
}

std::string without_processes(std::string_view json) {
    try {
        JsonReader reader;
        FieldErrors errors;
        Batch batch = read_batch(reader.parse(json), errors);
        if (!errors.empty() || !batch.processes) return {};
        batch.processes.reset();
        JsonWriter out;
        write_batch(out, batch);
        return out.take();
    } catch (const JsonError&) {
        return {};
    }
}

}  // namespace chorus::agent
