// POST /api/v1/ingest: one batch of one host; 200 means committed in PostgreSQL.
#include <atomic>
#include <limits>
#include <memory>

#include "aggregator/api/support/context.h"
#include "aggregator/api/support/errors.h"
#include "aggregator/api/support/json_answer.h"
#include "aggregator/api/system/routes.h"
#include "aggregator/http/parameters.h"
#include "aggregator/ingest/ingest_service.h"
#include "aggregator/live/intervals.h"
#include "common/batch/batch.h"
#include "common/batch/batch_json.h"
#include "common/json/json_reader.h"
#include "common/log.h"

namespace chorus::api {
namespace {

using ingest::IngestResult;

constexpr Logger kIngestRoutesLog{"ingest"};

void check_protocol(const http::Request& request) {
    if (request.header("x-chorus-protocol") == std::to_string(kProtocolVersion)) return;
    throw http::HttpError(400, "unsupported_protocol",
                          "Send the header X-Chorus-Protocol: 1; this server speaks 1 only");
}

// What a batch was accepted without is told to its sender, and counted and logged here.
class Warnings {
  public:
    explicit Warnings(Context& context)
        : clock_(context.clock),
          total_(context.metrics.counter("chorus_aggregator_ingest_warnings_total",
                                         "Values and rows of batches that were left out or "
                                         "changed, because they could not be stored as sent.")) {}

    void note(const std::string& hostname, const FieldErrors& warnings) {
        if (warnings.empty()) return;
        total_.add(warnings.total());
        if (!line_is_due(next_warning_)) return;
        const FieldError& first = warnings.list().front();
        kIngestRoutesLog.warning("Batch was not stored as it was sent",
                                 {{"hostname", hostname},
                                  {"code", first.type},
                                  {"field", http::field_name(first.location)},
                                  {"reason", first.message},
                                  {"warnings", warnings.total()}});
    }

    void expired(const std::string& hostname) {
        if (!line_is_due(next_expired_)) return;
        kIngestRoutesLog.warning("Batch is older than what is kept and was not stored",
                                 {{"hostname", hostname}});
    }

  private:
    using NextLine = std::atomic<std::int64_t>;
    bool line_is_due(NextLine& next) const {
        const auto now = clock_.steady().count();
        auto due = next.load();
        return now >= due && next.compare_exchange_strong(due, now + kLineEvery.count());
    }

    static constexpr std::chrono::nanoseconds kLineEvery = std::chrono::seconds{10};
    const Clock& clock_;
    Counter& total_;
    NextLine next_warning_{std::numeric_limits<std::int64_t>::min()};
    NextLine next_expired_{std::numeric_limits<std::int64_t>::min()};
};

Batch read_body(const http::Request& request, FieldErrors& warnings) {
    FieldErrors errors;
    if (request.body.empty()) {
        errors.add(http::error_missing({std::string("body")}));
        throw http::ValidationError(errors);
    }
    // One parser a thread: it keeps its buffers, and the value lives in it until the next call.
    thread_local JsonReader reader;
    try {
        Batch batch = read_batch(reader.parse(request.body), errors, warnings);
        if (!errors.empty()) throw http::ValidationError(errors);
        return batch;
    } catch (const JsonError& e) {
        throw http::HttpError(400, e.code(),
                              std::string(e.what()) + " at byte " + std::to_string(e.offset()));
    }
}

[[noreturn]] void refuse(IngestResult result, int retry_after_seconds) {
    switch (result) {
        case IngestResult::conflict:
            throw http::HttpError(409, "batch_conflict",
                                  "This agent, epoch and seq belong to a batch with other content");
        case IngestResult::too_many_gaps:
            throw http::HttpError(409, "batch_conflict",
                                  "This epoch has too many gaps; begin a new one");
        case IngestResult::host_conflict:
            throw http::HttpError(
                409, "host_conflict",
                "This hostname is another host's: give this machine another one, or "
                "remove that host if it is gone");
        case IngestResult::agent_cloned:
            throw http::HttpError(409, "agent_cloned",
                                  "Another machine reports with this agent's identity, as after a "
                                  "disk or image was copied: give this machine an identity of its "
                                  "own (delete agent-id, epochs and spool of its agent, and enroll "
                                  "it anew)");
        case IngestResult::agent_mismatch:
            agent_mismatch();
        case IngestResult::too_many_series:
            throw http::HttpError(429, "cardinality_limit",
                                  "This host brings new series all the time: look for labels that "
                                  "are never the same; the batch may come again later",
                                  retry_after_seconds);
        case IngestResult::queue_full:
            throw http::HttpError(503, "overloaded", "Too many batches are waiting",
                                  retry_after_seconds);
        case IngestResult::refused: {
            FieldErrors errors;
            errors.add({"value_error",
                        {std::string("body")},
                        "Value error, the database cannot hold this content"});
            throw http::ValidationError(errors);
        }
        default:
            throw http::HttpError(503, "storage_unavailable",
                                  "The database cannot be reached; send the batch again",
                                  retry_after_seconds);
    }
}

http::Response ingest(Context& context, Warnings& told, const http::Request& request) {
    http::refuse_parameters(request);
    check_protocol(request);
    FieldErrors warnings;
    Batch batch = read_body(request, warnings);
    const std::string hostname = batch.hostname;
    const Uuid agent = batch.agent.id;
    const ingest::Source source{request.principal.token_id, request.principal.agent_id};
    const ingest::IngestOutcome outcome = context.ingest.submit(std::move(batch), source);
    const bool duplicate = outcome.result == IngestResult::duplicate;
    const bool accepted = duplicate || outcome.result == IngestResult::stored ||
                          outcome.result == IngestResult::expired;
    if (!accepted) refuse(outcome.result, outcome.retry_after_seconds);
    if (outcome.timed_by_receipt && outcome.result != IngestResult::expired) {
        warnings.add({"clock_out_of_range",
                      {std::string("body"), std::string("sent_at")},
                      "sent_at is outside what is kept, so the batch is stored by the time of "
                      "receipt: set the clock of this host"});
    }
    if (outcome.result == IngestResult::expired) told.expired(hostname);
    if (!duplicate) told.note(hostname, warnings);
    JsonWriter out;
    out.begin_object()
        .key("accepted")
        .begin_object()
        .field("system_metrics", outcome.system_metrics)
        .field("process_metrics", outcome.process_metrics)
        .end_object()
        .field("duplicate", duplicate);
    if (outcome.result == IngestResult::expired) out.field("expired", true);
    if (!warnings.empty()) write_warnings(out, warnings);
    out.key("config")
        .begin_object()
        .field("interval_seconds", context.intervals.find(agent).value_or(outcome.interval_seconds))
        .end_object()
        .field("server_time", context.clock.now())
        .end_object();
    return json_response(out);
}

}  // namespace

void add_ingest_routes(http::Router& router, Context& context) {
    const auto told = std::make_shared<Warnings>(context);
    router.add({http::Method::post, "/api/v1/ingest", http::Role::agent, http::BodyRule::ingest,
                limits::kBodyBytes, guarded([&context, told](const http::Request& request) {
                    return ingest(context, *told, request);
                })});
}

}  // namespace chorus::api
