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

Delivery::Delivery(Post post, Bury bury, const Clock& clock, EpochMap& epochs,
                   double interval_seconds, Backoff backoff)
    : post_(std::move(post)),
      bury_(std::move(bury)),
      clock_(clock),
      epochs_(epochs),
      interval_seconds_(interval_seconds),
      backoff_(backoff) {}

Step Delivery::attempt(PackedBatch& batch) {
    std::string json = zstd_decompress(batch.json_zstd, limits::kInflatedBytes);
    epoch_ = epoch_of(json).value_or(Uuid{});
    const auto sent_at = clock_.now();
    const auto start = clock_.steady();
    stamp(json, epochs_.current(epoch_), sent_at);
    const auto result = post_(zstd_compress(json));
    took_ = clock_.steady() - start;
    sent_at_ = sent_at;
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
            return on_conflict();
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
    if (answer.status == 200) {
        return retry_later("HTTP 200, but not from an aggregator", retry_after(answer));
    }
    const auto code = code_of(answer.body);
    return retry_later(code.empty() ? status : status + ' ' + code, retry_after(answer));
}

Step Delivery::on_stored(const Answer& answer) {
    ++counts_.stored;
    backoff_.reset();
    renewed_.reset();
    const auto stored = read_stored(answer.body);
    tell_times(stored);
    if (!trouble_.empty()) kLog.info("Aggregator takes batches again");
    trouble_.clear();
    const auto wanted = stored.interval_seconds;
    const bool differs = wanted && std::abs(*wanted - interval_seconds_) > 1e-9;
    if (differs && !told_interval_) {
        kLog.info("Aggregator wants another interval than this agent has",
                  {{"wanted_seconds", *wanted}, {"interval_seconds", interval_seconds_}});
    }
    told_interval_ = differs;
    return {Outcome::stored, {}};
}

// Half of the way is taken to be the way to the aggregator.
void Delivery::tell_times(const StoredAnswer& stored) {
    counts_.last_stored =
        std::chrono::floor<std::chrono::seconds>(sent_at_.time_since_epoch()).count();
    counts_.latency_ms = std::chrono::duration<double, std::milli>(took_).count();
    if (!stored.server_time) return;
    const std::chrono::duration<double, std::milli> ahead = *stored.server_time - sent_at_;
    counts_.skew_ms = ahead.count() - counts_.latency_ms / 2;
}

Step Delivery::on_conflict() {
    ++counts_.failed;
    // A conflict with a fresh random epoch is no accident of keys: do not spin.
    if (renewed_ == epochs_.current(epoch_)) return {Outcome::away, backoff_.next()};
    epochs_.renew(epoch_);
    renewed_ = epochs_.current(epoch_);
    kLog.warning("Batch key was taken; going on with a new epoch");
    return {Outcome::again, {}};
}

Step Delivery::on_too_large(PackedBatch& batch, const std::string& json) {
    const std::string smaller = with_fewer_processes(json);
    if (smaller.empty()) return drop(batch, {.status = 413, .body = {}, .retry_after = {}});
    ++counts_.shortened;
    kLog.warning("Batch was too large; sending it with fewer processes one by one",
                 {{"bytes", json.size()}});
    batch.json_zstd = zstd_compress(smaller);
    return {Outcome::again, {}};
}

Step Delivery::drop(const PackedBatch& batch, const Answer& answer) {
    ++counts_.refused;
    kLog.error("Batch was refused and set aside",
               {{"status", answer.status}, {"answer", excerpt(answer)}});
    bury_(batch);
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
