#include "agent/push/wire_edit.h"

#include "agent/process/fold.h"
#include "common/batch/batch_json.h"
#include "common/json/json_reader.h"

namespace chorus::agent {
namespace {

constexpr std::string_view kEpoch = R"("epoch":")";
constexpr std::string_view kSentAt = R"("sent_at":")";

constexpr std::string_view kTimestamp = R"("timestamp":")";

// Before these members the JSON has only names and values of a fixed alphabet, and inside a JSON
// string a quote never stands bare: the first hit is the member itself.
std::string_view find_member(std::string_view json, std::string_view opening) {
    const auto at = json.find(opening);
    if (at == std::string_view::npos) return {};
    json.remove_prefix(at + opening.size());
    return json.substr(0, json.find('"'));
}

void set_member(std::string& json, std::string_view opening, std::string_view value) {
    const auto at = json.find(opening);
    if (at == std::string::npos) return;
    const auto start = at + opening.size();
    const auto end = json.find('"', start);
    if (end != std::string::npos) json.replace(start, end - start, value);
}

}  // namespace

void stamp(std::string& json, const Uuid& epoch, Timestamp sent_at) {
    set_member(json, kEpoch, epoch.to_string());
    const auto collected = parse_timestamp(find_member(json, kTimestamp));
    const bool from_the_future = collected && *collected > sent_at + limits::kFutureTolerance;
    set_member(json, kSentAt, format_timestamp_micros(from_the_future ? *collected : sent_at));
}

std::optional<Uuid> epoch_of(std::string_view json) {
    return Uuid::parse(find_member(json, kEpoch));
}

std::string with_fewer_processes(std::string_view json) {
    try {
        JsonReader reader;
        FieldErrors errors;
        Batch batch = read_batch(reader.parse(json), errors);
        if (!errors.empty() || !batch.processes) return {};
        const std::size_t rows = batch.processes->rows.size();
        if (rows < kFewProcesses) {
            batch.processes.reset();
        } else {
            fold_small_processes(*batch.processes, rows / 2);
        }
        JsonWriter out;
        write_batch(out, batch);
        return out.take();
    } catch (const JsonError&) {
        return {};
    }
}

}  // namespace chorus::agent
