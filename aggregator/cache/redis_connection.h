// One connection to Redis over hiredis, with bounded waits.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

struct redisContext;
struct redisReply;

namespace chorus::cache {

// Where Redis is: redis://[[user]:password@]host[:port][/db] or unix:///path[?db=N].
struct RedisTarget {
    std::string socket_path;  // empty = TCP
    std::string host;
    int port = 6379;
    int database = 0;
    std::string user, password;
    std::string description;  // for logs, without user and password
};

// Throws std::invalid_argument. Its message has no part of the URL but the scheme. rediss:// is
// refused, because Debian 12's hiredis has no TLS.
RedisTarget parse_redis_url(std::string_view url);

// Redis is away, slow, full or refuses. The caller does without it.
class RedisUnavailable : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

struct FreeReply {
    void operator()(redisReply* reply) const;
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

// Used by one thread at a time. After any exception the connection is unusable: make a new one, as
// hiredis 0.14 forgets its timeouts when it reconnects.
class RedisConnection {
  public:
    // Connects, authenticates and selects the database. Throws RedisUnavailable.
    RedisConnection(const RedisTarget& target, std::chrono::milliseconds timeout);
    ~RedisConnection();
    RedisConnection(const RedisConnection&) = delete;
    RedisConnection& operator=(const RedisConnection&) = delete;

    // Pipelining: append any number of commands, then read one reply for each, in order.
    void append(const std::vector<std::string_view>& arguments);
    Reply reply();  // throws RedisUnavailable also for an error reply
    Reply command(const std::vector<std::string_view>& arguments) {
        append(arguments);
        return reply();
    }

  private:
    struct FreeContext {
        void operator()(redisContext* context) const;
    };
    std::unique_ptr<redisContext, FreeContext> context_;
};

}  // namespace chorus::cache
