#include "agent/push/delivery.h"

#include <cmath>
#include <utility>

#include "agent/push/wire_edit.h"
#include "common/batch.h"
#include "common/compress.h"
#include "common/log.h"

namespace chorus::agent {
namespace {

constexpr Logger kLog{"push"};

// Enough of an answer to see why, not enough to flood a log.
std::string_view excerpt(const Answer& answer) {
    return std::string_view(answer.body).substr(0, 500);
}

}  // namespace

Delivery::Delivery(Post post, const Clock& clock, Uuid epoch, double interval_seconds,
                   Backoff backoff)
    : post_(std::move(post)),
      clock_(clock),
      epoch_(epoch),
      interval_seconds_(interval_seconds),
      backoff_(backoff) {}

Step Delivery::attempt(PackedBatch& batch) {
    std::string json = zstd_decompress(batch.json_zstd, limits::kInflatedBytes);
    stamp(json, epoch_, clock_.now());
    const auto result = post_(zstd_compress(json));
    if (const auto* silence = std::get_if<NoAnswer>(&result)) {
        return retry_later(silence->reason, std::nullopt);
    }
    return handle(std::get<Answer>(result), batch, json);
}

Step Delivery::handle(const Answer& answer, PackedBatch& batch, const std::string& json) {
    const std::string status = "HTTP " + std::to_string(answer.status);
    switch (judge(answer)) {
        case Verdict::stored:
            return on_stored(answer);
        case Verdict::conflict:
            return on_conflict(batch);
        case Verdict::refused:
            return drop(batch, answer);
        case Verdict::too_large:
            return on_too_large(batch, json);
        case Verdict::forbidden:
            ++counts_.failed;
            tell_once(status +
                      ": the token, its role, the address or the hostname is not accepted");
            return {Outcome::not_allowed, kForbiddenWait};
        case Verdict::retry:
            break;
    }
    return retry_later(answer.status == 200 ? "HTTP 200, but not from an aggregator" : status,
                       retry_after(answer));
}

Step Delivery::on_stored(const Answer& answer) {
    ++counts_.stored;
    backoff_.reset();
    if (!trouble_.empty()) kLog.info("Aggregator takes batches again");
    trouble_.clear();
    const auto wanted = wanted_interval(answer.body);
    const bool differs = wanted && std::abs(*wanted - interval_seconds_) > 1e-9;
    if (differs && !told_interval_) {
        kLog.info("Aggregator wants another interval; this agent keeps its own",
                  {{"wanted_seconds", *wanted}, {"interval_seconds", interval_seconds_}});
    }
    told_interval_ = differs;
    return {Outcome::stored, {}};
}

Step Delivery::on_conflict(const PackedBatch& batch) {
    ++counts_.failed;
    epoch_ = Uuid::random();
    kLog.warning("Batch key was taken; going on with a new epoch", {{"seq", batch.seq}});
    // A second conflict with a fresh random epoch is no accident of keys: do not spin.
    const bool repeated = conflicted_seq_ == batch.seq;
    conflicted_seq_ = batch.seq;
    if (repeated) return {Outcome::away, backoff_.next()};
    return {Outcome::again, {}};
}

Step Delivery::on_too_large(PackedBatch& batch, const std::string& json) {
    const std::string smaller = without_processes(json);
    if (smaller.empty()) return drop(batch, {.status = 413, .body = {}, .retry_after = {}});
    ++counts_.stripped;
    kLog.warning("Batch was too large; sending it without its process table", {{"seq", batch.seq}});
    batch.json_zstd = zstd_compress(smaller);
    return {Outcome::again, {}};
}

Step Delivery::drop(const PackedBatch& batch, const Answer& answer) {
    ++counts_.refused;
    kLog.error("Batch was refused and dropped",
               {{"seq", batch.seq}, {"status", answer.status}, {"answer", excerpt(answer)}});
    return {Outcome::dropped, {}};
}

Step Delivery::retry_later(std::string reason, std::optional<std::chrono::seconds> asked) {
    ++counts_.failed;
    tell_once(reason);
    // "Retry-After: 0" is no leave to spin.
    if (asked && asked->count() > 0) return {Outcome::away, *asked};
    return {Outcome::away, backoff_.next()};
}

void Delivery::tell_once(const std::string& trouble) {
    if (trouble == trouble_) return;
    trouble_ = trouble;
    kLog.warning("Aggregator does not take batches; keeping them", {{"reason", trouble}});
}

}  // namespace chorus::agent
