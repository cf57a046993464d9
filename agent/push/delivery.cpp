#include "agent/push/delivery.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "agent/push/wire_edit.h"
#include "common/batch/batch.h"
#include "common/compress.h"
#include "common/log.h"

namespace chorus::agent {
namespace {

constexpr Logger kDeliveryLog{"push"};

constexpr std::string_view kExpired =
    "the aggregator keeps no batch of that time: it is older than what is kept, or this host's "
    "clock "
    "is wrong";

// Enough of an answer to see why, not enough to flood a log.
std::string_view excerpt(const Answer& answer) {
    return std::string_view(answer.body).substr(0, 500);
}

}  // namespace

Delivery::Delivery(Post post, Bury bury, const Clock& clock, EpochMap& epochs, DeliveryNote& note,
                   double interval_seconds, Backoff backoff)
    : post_(std::move(post)),
      bury_(std::move(bury)),
      clock_(clock),
      epochs_(epochs),
      note_(note),
      interval_seconds_(interval_seconds),
      backoff_(backoff) {}

Step Delivery::attempt(PackedBatch& batch) {
    std::string json = zstd_decompress(batch.json_zstd, limits::kInflatedBytes);
    epoch_ = epoch_of(json).value_or(Uuid{});
    const auto sent_at = clock_.now();
    const auto start = clock_.steady();
    // A clock that was set back since then does not send before it collects.
    const Timestamp collected{std::chrono::seconds{batch.time}};
    stamp(json, epochs_.current(epoch_), std::max(sent_at, collected));
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
            return on_accepted(answer);
        case Verdict::conflict:
            return on_conflict();
        case Verdict::refused:
            return drop(batch, answer);
        case Verdict::too_large:
            return on_too_large(batch, json);
        case Verdict::forbidden:
            return on_forbidden(answer);
        case Verdict::retry:
            break;
    }
    if (answer.status == 200) {
        return retry_later("HTTP 200, but not from an aggregator", retry_after(answer));
    }
    const auto code = code_of(answer.body);
    return retry_later(code.empty() ? status : status + ' ' + code, retry_after(answer));
}

Step Delivery::on_accepted(const Answer& answer) {
    backoff_.reset();
    renewed_.reset();
    const auto stored = read_stored(answer.body);
    ++(stored.expired ? counts_.expired : counts_.stored);
    counts_.last_expired = stored.expired;
    counts_.warnings += stored.warnings.size();
    tell_times(stored);
    if (!trouble_.empty()) kDeliveryLog.info("Aggregator takes batches again");
    trouble_.clear();
    tell_not_kept(stored);
    tell_interval(stored);
    return {stored.expired ? Outcome::expired : Outcome::stored, {}};
}

// A 200 that does not store all of a batch is told once, until it says something else.
void Delivery::tell_not_kept(const StoredAnswer& answer) {
    if (!answer.expired && answer.warnings.empty()) {
        not_kept_.clear();
        note_.clear();
        return;
    }
    std::string text{kExpired};
    if (!answer.expired) {
        const AnswerWarning& first = answer.warnings.front();
        text = first.field + ' ' + first.code + ": " + first.message;
        if (answer.warnings.size() > 1) {
            text += " (and " + std::to_string(answer.warnings.size() - 1) + " more)";
        }
    }
    // The places differ from batch to batch, what is the matter does not.
    const std::string matter = answer.expired ? "expired" : answer.warnings.front().code;
    if (matter == not_kept_) return;
    not_kept_ = matter;
    note_.set((answer.expired ? "the last batch was not stored: "
                              : "the last batch was not stored as it was sent: ") +
              text);
    kDeliveryLog.warning(answer.expired ? "Aggregator answered 200 but stored nothing"
                                        : "Aggregator did not store the batch as it was sent",
                         {{"reason", text}});
}

void Delivery::tell_interval(const StoredAnswer& answer) {
    const auto wanted = answer.interval_seconds;
    const bool differs = wanted && std::abs(*wanted - interval_seconds_) > 1e-9;
    if (differs && !told_interval_) {
        kDeliveryLog.info("Aggregator wants another interval than this agent has",
                          {{"wanted_seconds", *wanted}, {"interval_seconds", interval_seconds_}});
    }
    told_interval_ = differs;
}

Step Delivery::on_forbidden(const Answer& answer) {
    ++counts_.failed;
    const std::string words =
        "HTTP " + std::to_string(answer.status) + ": " + why_forbidden(answer);
    tell_once(words);
    not_kept_.clear();  // the note is of something else from now on
    note_.set("no batch is taken: " + words);
    return {Outcome::not_allowed, kForbiddenWait};
}

// Half of the way is taken to be the way to the aggregator.
void Delivery::tell_times(const StoredAnswer& stored) {
    if (!stored.expired) {
        note_.stored(sent_at_);
        counts_.last_stored =
            std::chrono::floor<std::chrono::seconds>(sent_at_.time_since_epoch()).count();
    }
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
    kDeliveryLog.warning("Batch key was taken; going on with a new epoch");
    return {Outcome::again, {}};
}

Step Delivery::on_too_large(PackedBatch& batch, const std::string& json) {
    const std::string smaller = with_fewer_processes(json);
    if (smaller.empty())
        return drop(batch, {.status = 413, .body = {}, .retry_after = {}, .date = {}});
    ++counts_.shortened;
    kDeliveryLog.warning("Batch was too large; sending it with fewer processes one by one",
                         {{"bytes", json.size()}});
    batch.json_zstd = zstd_compress(smaller);
    return {Outcome::again, {}};
}

Step Delivery::drop(const PackedBatch& batch, const Answer& answer) {
    ++counts_.refused;
    kDeliveryLog.error("Batch was refused and set aside",
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
    kDeliveryLog.warning("Aggregator does not take batches; keeping them", {{"reason", trouble}});
}

}  // namespace chorus::agent
