#include "aggregator/cache/entry_writer.h"

#include <algorithm>

#include "common/log.h"

namespace chorus::cache {
namespace {

constexpr Logger kEntryWriterLog{"cache"};
constexpr std::size_t kCommandsPerPipeline = 200;

}  // namespace

EntryWriter::EntryWriter(RedisTarget target, MetricsRegistry& metrics,
                         std::chrono::milliseconds timeout)
    : target_(std::move(target)),
      timeout_(timeout),
      duration_(metrics.histogram("chorus_aggregator_redis_command_duration_seconds",
                                  "Time of a pipeline of commands.", {{"command", "entries"}})) {}

void EntryWriter::write(const std::vector<CacheEntry>& entries) {
    std::vector<std::vector<std::string>> commands;
    commands.reserve(entries.size());
    for (const CacheEntry& entry : entries) {
        commands.push_back(
            {"SET", entry.key, entry.value, "EX", std::to_string(entry.lifetime.count())});
    }
    send(commands);
}

void EntryWriter::remove(const std::vector<std::string>& keys) {
    std::vector<std::vector<std::string>> commands;
    commands.reserve(keys.size());
    for (const auto& key : keys) commands.push_back({"DEL", key});
    send(commands);
}

void EntryWriter::forget_host(const std::string& hostname,
                              const std::vector<std::string>& metric_types) {
    std::vector<std::string> keys{index_key(hostname), health_key(hostname),
                                  processes_key(hostname)};
    for (const auto& type : metric_types) keys.push_back(latest_key(hostname, type));
    remove(keys);
}

void EntryWriter::send(const std::vector<std::vector<std::string>>& commands) {
    const auto from = std::chrono::steady_clock::now();
    const std::lock_guard lock(mutex_);
    // A connection that was idle may have died with its server: a fresh one tells.
    for (bool fresh = false; !fresh;) {
        fresh = connection_ == nullptr;
        try {
            if (fresh) connection_ = std::make_unique<RedisConnection>(target_, timeout_);
            for (std::size_t at = 0; at < commands.size(); at += kCommandsPerPipeline) {
                const std::size_t end = std::min(commands.size(), at + kCommandsPerPipeline);
                for (std::size_t i = at; i < end; ++i) {
                    connection_->append({commands[i].begin(), commands[i].end()});
                }
                for (std::size_t i = at; i < end; ++i) connection_->reply();
            }
            if (away_) kEntryWriterLog.info("Redis is back", {{"redis", target_.description}});
            away_ = false;
            duration_.observe(
                std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count());
            return;
        } catch (const RedisUnavailable& e) {
            connection_.reset();
            if (fresh && !away_) {
                kEntryWriterLog.warning("Redis is away; the cache is not written",
                                        {{"redis", target_.description}, {"error", e.what()}});
                away_ = true;
            }
        }
    }
}

}  // namespace chorus::cache
