#include "aggregator/cache/redis_connection.h"

#include <hiredis/hiredis.h>

#include <charconv>

#include "common/http/url.h"

namespace chorus::cache {
namespace {

timeval to_timeval(std::chrono::milliseconds duration) {
    timeval t{};
    t.tv_sec = duration.count() / 1'000;
    t.tv_usec = duration.count() % 1'000 * 1'000;
    return t;
}

int read_database(std::string_view text) {
    if (text.empty()) return 0;
    int number = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number < 0) {
        throw std::invalid_argument("the Redis database must be a number such as 0");
    }
    return number;
}

}  // namespace

RedisTarget parse_redis_url(std::string_view text) {
    const auto url = parse_url(text);
    if (!url) throw std::invalid_argument("the Redis URL must look like redis://host:6379/0");
    RedisTarget target;
    target.user = url->user;
    target.password = url->password;
    if (url->scheme == "unix") {
        target.socket_path = url->host + url->path;
        target.database = read_database(url->parameter("db"));
        if (target.socket_path.empty()) {
            throw std::invalid_argument("a Redis socket URL must look like unix:///path?db=0");
        }
        target.description = "unix:" + target.socket_path;
        return target;
    }
    if (url->scheme == "rediss") {
        throw std::invalid_argument(
            "rediss:// is not possible: this system's hiredis has no TLS; use a Unix socket, "
            "loopback, or a TLS tunnel");
    }
    if (url->scheme != "redis") {
        throw std::invalid_argument("the Redis URL must begin with redis:// or unix://");
    }
    target.host = url->host.empty() ? "localhost" : url->host;
    target.port = url->port.value_or(6379);
    target.database = read_database(url->path.size() > 1 ? std::string_view{url->path}.substr(1)
                                                         : std::string_view{});
    target.description = target.host + ":" + std::to_string(target.port);
    return target;
}

void FreeReply::operator()(redisReply* reply) const {
    freeReplyObject(reply);
}

void RedisConnection::FreeContext::operator()(redisContext* context) const {
    redisFree(context);
}

RedisConnection::RedisConnection(const RedisTarget& target, std::chrono::milliseconds timeout) {
    const timeval limit = to_timeval(timeout);
    context_.reset(target.socket_path.empty()
                       ? redisConnectWithTimeout(target.host.c_str(), target.port, limit)
                       : redisConnectUnixWithTimeout(target.socket_path.c_str(), limit));
    if (!context_) throw std::bad_alloc();
    if (context_->err != 0) throw RedisUnavailable(context_->errstr);
    // The timeout of connecting does not hold for commands.
    redisSetTimeout(context_.get(), limit);
    if (!target.password.empty()) {
        std::vector<std::string_view> auth{"AUTH"};
        if (!target.user.empty()) auth.emplace_back(target.user);
        auth.emplace_back(target.password);
        command(auth);
    }
    if (target.database != 0) command({"SELECT", std::to_string(target.database)});
}

RedisConnection::~RedisConnection() = default;

void RedisConnection::append(const std::vector<std::string_view>& arguments) {
    thread_local std::vector<const char*> pointers;
    thread_local std::vector<std::size_t> lengths;
    pointers.clear();
    lengths.clear();
    for (const auto argument : arguments) {
        pointers.push_back(argument.data());
        lengths.push_back(argument.size());
    }
    if (redisAppendCommandArgv(context_.get(), static_cast<int>(arguments.size()), pointers.data(),
                               lengths.data()) != REDIS_OK) {
        throw RedisUnavailable("out of memory for commands");
    }
}

Reply RedisConnection::reply() {
    void* raw = nullptr;
    if (redisGetReply(context_.get(), &raw) != REDIS_OK || raw == nullptr) {
        throw RedisUnavailable(context_->err != 0 ? context_->errstr : "no reply");
    }
    Reply reply{static_cast<redisReply*>(raw)};
    if (reply->type == REDIS_REPLY_ERROR) {
        throw RedisUnavailable(std::string(reply->str, static_cast<std::size_t>(reply->len)));
    }
    return reply;
}

}  // namespace chorus::cache
