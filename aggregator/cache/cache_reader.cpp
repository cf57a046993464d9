#include "aggregator/cache/cache_reader.h"

#include <hiredis/hiredis.h>

#include <type_traits>

#include "aggregator/cache/cached_values.h"

namespace chorus::cache {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kLeaveAlone{1};
constexpr std::size_t kMostIdle = 8;
constexpr std::size_t kKeysPerRead = 500;

std::string_view text_of(const redisReply& reply) {
    return reply.type == REDIS_REPLY_STRING
               ? std::string_view{reply.str, static_cast<std::size_t>(reply.len)}
               : std::string_view{};
}

// MGET in bounded pieces; the values in the order of the keys, empty = not there.
std::vector<std::string> read_many(RedisConnection& redis, const std::vector<std::string>& keys) {
    std::vector<std::string> values;
    values.reserve(keys.size());
    for (std::size_t from = 0; from < keys.size(); from += kKeysPerRead) {
        const std::size_t to = std::min(keys.size(), from + kKeysPerRead);
        std::vector<std::string_view> command{"MGET"};
        command.insert(command.end(), keys.begin() + static_cast<std::ptrdiff_t>(from),
                       keys.begin() + static_cast<std::ptrdiff_t>(to));
        const Reply reply = redis.command(command);
        if (reply->type != REDIS_REPLY_ARRAY || reply->elements != to - from) {
            throw RedisUnavailable("unexpected reply to MGET");
        }
        for (std::size_t i = 0; i < reply->elements; ++i) {
            values.emplace_back(text_of(*reply->element[i]));
        }
    }
    return values;
}

Histogram& duration_of(MetricsRegistry& metrics, const char* command) {
    return metrics.histogram("chorus_aggregator_redis_command_duration_seconds",
                             "Time of a pipeline of commands.", {{"command", command}});
}

}  // namespace

CacheReader::CacheReader(RedisTarget target, MetricsRegistry& metrics,
                         std::chrono::milliseconds timeout)
    : target_(std::move(target)),
      timeout_(timeout),
      latest_duration_(duration_of(metrics, "latest")),
      overview_duration_(duration_of(metrics, "overview")),
      ping_duration_(duration_of(metrics, "ping")) {}

CacheReader::~CacheReader() = default;

std::unique_ptr<RedisConnection> CacheReader::take(bool& pooled) {
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            auto connection = std::move(idle_.back());
            idle_.pop_back();
            pooled = true;
            return connection;
        }
    }
    pooled = false;
    return std::make_unique<RedisConnection>(target_, timeout_);
}

void CacheReader::give_back(std::unique_ptr<RedisConnection> connection) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kMostIdle) idle_.push_back(std::move(connection));
}

template <typename Work>
auto CacheReader::with_connection(Histogram& duration, Work&& work)
    -> std::optional<std::invoke_result_t<Work&, RedisConnection&>> {
    const auto from = Clock::now();
    if (from.time_since_epoch().count() < away_until_ns_) return std::nullopt;
    // A connection from the pool may have died with its server: a fresh one tells.
    for (bool pooled = true; pooled;) {
        try {
            auto connection = take(pooled);
            auto result = work(*connection);
            give_back(std::move(connection));
            duration.observe(std::chrono::duration<double>(Clock::now() - from).count());
            return result;
        } catch (const RedisUnavailable&) {
            const std::lock_guard lock(mutex_);
            idle_.clear();
        }
    }
    away_until_ns_ = (Clock::now() + kLeaveAlone).time_since_epoch().count();
    return std::nullopt;
}

bool CacheReader::ping() {
    return with_connection(ping_duration_,
                           [](RedisConnection& redis) {
                               return redis.command({"PING"})->type == REDIS_REPLY_STATUS;
                           })
        .value_or(false);
}

std::optional<std::vector<LatestMetric>> CacheReader::latest(const std::string& hostname) {
    return with_connection(latest_duration_, [&](RedisConnection& redis) {
        std::vector<LatestMetric> metrics;
        const Reply index = redis.command({"GET", index_key(hostname)});
        const auto types = read_index(text_of(*index));
        std::vector<std::string> keys;
        for (const auto& type : types) keys.push_back(latest_key(hostname, type));
        const auto values = read_many(redis, keys);
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (is_latest(values[i])) metrics.push_back({types[i], values[i]});
        }
        return metrics;
    });
}

std::optional<std::vector<std::optional<SystemOverview>>> CacheReader::overviews(
    const std::vector<std::string>& hostnames) {
    return with_connection(overview_duration_, [&](RedisConnection& redis) {
        std::vector<std::string> keys;
        for (const auto& hostname : hostnames) keys.push_back(health_key(hostname));
        std::vector<std::optional<SystemOverview>> found;
        const auto values = read_many(redis, keys);
        for (std::size_t i = 0; i < values.size(); ++i) {
            auto overview = values[i].empty() ? std::nullopt : parse_overview(values[i]);
            // A value under the wrong key would show one host's figures as another's.
            if (overview && overview->hostname != hostnames[i]) overview.reset();
            found.push_back(std::move(overview));
        }
        return found;
    });
}

}  // namespace chorus::cache
