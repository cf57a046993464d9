#include "aggregator/cache/cache_writer.h"

#include <algorithm>

#include "aggregator/cache/cache_entries.h"
#include "common/log.h"

namespace chorus::cache {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr Logger kCacheWriterLog{"cache"};
constexpr std::size_t kHostsPerPipeline = 16;
constexpr milliseconds kFirstBackOff{100};
constexpr milliseconds kLongestBackOff{5'000};

}  // namespace

CacheWriter::CacheWriter(RedisTarget target, CacheWriterOptions options, MetricsRegistry& metrics)
    : target_(std::move(target)),
      options_(options),
      written_(metrics.counter("chorus_aggregator_cache_batches_written_total",
                               "Batches whose values were put into Redis.")),
      failed_(metrics.counter("chorus_aggregator_cache_failures_total",
                              "Writes to Redis that failed; they are tried again.")),
      coalesced_(metrics.counter("chorus_aggregator_cache_batches_coalesced_total",
                                 "Batches replaced by a newer one of their host before they were "
                                 "written.")),
      duration_(metrics.histogram("chorus_aggregator_redis_command_duration_seconds",
                                  "Time of a pipeline of commands.", {{"command", "write"}})) {}

void CacheWriter::start() {
    thread_ = std::thread([this] { loop(); });
}

void CacheWriter::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void CacheWriter::offer(Batch&& batch, Timestamp made_at) {
    std::optional<Batch> replaced;  // freed after the lock
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) return;
        auto found = hosts_.find(batch.hostname);
        if (found == hosts_.end()) {
            if (hosts_.size() >= options_.most_hosts) return;
            found = hosts_.emplace(batch.hostname, Host{}).first;
        }
        Host& host = found->second;
        if (made_at < host.newest) return;
        host.newest = made_at;
        if (host.waiting) coalesced_.add();
        replaced = std::exchange(host.waiting, std::move(batch));
        if (host.queued) return;
        host.queued = true;
        queue_.emplace(host.next_write, &host);
    }
    wake_.notify_one();
}

std::vector<Batch> CacheWriter::take_due(SteadyTime& next) {
    const auto now = Clock::now();
    std::vector<Batch> due;
    while (!queue_.empty() && due.size() < kHostsPerPipeline) {
        const auto first = queue_.begin();
        if (first->first > now && !stopping_) break;
        Host& host = *first->second;
        queue_.erase(first);
        due.push_back(std::move(*host.waiting));
        host.waiting.reset();
        host.queued = false;
        host.next_write = now + options_.least_gap;
    }
    if (!queue_.empty()) next = queue_.begin()->first;
    return due;
}

void CacheWriter::put_back(std::vector<Batch> batches) {
    const std::lock_guard lock(mutex_);
    for (Batch& batch : batches) {
        Host& host = hosts_[batch.hostname];
        if (host.waiting) continue;  // a newer one has come meanwhile
        host.waiting = std::move(batch);
        host.next_write = Clock::now();
        host.queued = true;
        queue_.emplace(host.next_write, &host);
    }
}

bool CacheWriter::write(const std::vector<Batch>& batches) {
    const auto from = Clock::now();
    try {
        if (!connection_) {
            connection_ = std::make_unique<RedisConnection>(target_, options_.timeout);
        }
        std::size_t replies = 0;
        for (const Batch& batch : batches) {
            connection_->append({"MULTI"});
            const auto entries = make_entries(batch);
            for (const CacheEntry& entry : entries) {
                connection_->append(
                    {"SET", entry.key, entry.value, "EX", std::to_string(entry.lifetime.count())});
            }
            connection_->append({"EXEC"});
            replies += entries.size() + 2;
        }
        while (replies-- > 0) connection_->reply();
    } catch (const RedisUnavailable& e) {
        if (back_off_ == milliseconds{0}) {
            kCacheWriterLog.warning("Redis is away; the cache is not written",
                                    {{"redis", target_.description}, {"error", e.what()}});
        }
        connection_.reset();
        failed_.add();
        return false;
    }
    if (back_off_ != milliseconds{0})
        kCacheWriterLog.info("Redis is back", {{"redis", target_.description}});
    duration_.observe(std::chrono::duration<double>(Clock::now() - from).count());
    written_.add(batches.size());
    return true;
}

void CacheWriter::loop() {
    for (;;) {
        std::vector<Batch> due;
        {
            std::unique_lock lock(mutex_);
            auto next = Clock::now() + std::chrono::hours{1};
            due = take_due(next);
            if (due.empty()) {
                if (stopping_) return;
                wake_.wait_until(lock, next);
                continue;
            }
        }
        if (write(due)) {
            back_off_ = milliseconds{0};
            continue;
        }
        put_back(std::move(due));
        back_off_ = std::clamp(back_off_ * 2, kFirstBackOff, kLongestBackOff);
        std::unique_lock lock(mutex_);
        if (stopping_) return;
        wake_.wait_for(lock, back_off_, [this] { return stopping_; });
    }
}

}  // namespace chorus::cache
