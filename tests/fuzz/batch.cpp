// Batches of agents: read by the aggregator, and by the agent where it changes one before sending.
#include "agent/push/wire_edit.h"
#include "common/batch/batch_json.h"
#include "common/json/json_reader.h"
#include "tests/fuzz/support.h"

using namespace chorus;
using namespace chorus::fuzz;

namespace {

Batch read(std::string_view json, const char* what) {
    static JsonReader reader;
    FieldErrors errors, warnings;
    Batch batch = read_batch(reader.parse(json), errors, warnings);
    require(errors.empty() && warnings.empty(), what);
    return batch;
}

std::string write(const Batch& batch) {
    JsonWriter out;
    write_batch(out, batch);
    return out.take();
}

void check(const Batch& batch) {
    const std::string written = write(batch);
    require(write(read(written, "what is written is right")) == written,
            "what is written reads the same");

    std::string stamped = written;
    const Uuid epoch = *Uuid::parse("7b1e6a52-0c5f-4d7e-9a43-2f8c1d6e0b94");
    agent::stamp(stamped, epoch, batch.time);
    Batch sent = read(stamped, "what is stamped is right");
    require(sent.epoch == epoch && sent.sent_at == batch.time, "the stamp is read");
    require(agent::epoch_of(stamped) == epoch, "the epoch is found");
    sent.epoch = batch.epoch;
    sent.sent_at = batch.sent_at;
    require(write(sent) == written, "stamping changes nothing else");

    const std::string fewer = agent::with_fewer_processes(written);
    require(fewer.empty() == !batch.processes.has_value(), "there is a table to fold");
    if (!fewer.empty()) read(fewer, "what is folded is right");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static JsonReader reader;
    const auto text = text_of(data, size);
    agent::epoch_of(text);
    try {
        FieldErrors errors, warnings;
        const Batch batch = read_batch(reader.parse(text), errors, warnings);
        if (errors.empty()) check(batch);
    } catch (const JsonError&) {
    }
    return 0;
}
