// The cache on a real Redis: what the writer puts there, and what the reader makes of anything
// else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hiredis/hiredis.h>

#include <cmath>
#include <cstdlib>
#include <thread>

#include "aggregator/cache/cache_reader.h"
#include "aggregator/cache/cache_writer.h"
#include "tests/unit/codec/sample_batch.h"

namespace chorus::cache {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// Generous, because the machine may be busy: none of these tests is about time.
constexpr auto kPatience = 10s;

class Cache : public testing::Test {
  protected:
    Cache() {
        const char* url = std::getenv("CHORUS_TEST_REDIS_URL");
        if (url == nullptr) throw std::runtime_error("CHORUS_TEST_REDIS_URL is not set");
        target_ = parse_redis_url(url);
        redis_ = std::make_unique<RedisConnection>(target_, kPatience);
        redis_->command({"FLUSHDB"});
    }

    CacheWriterOptions eager() const {
        CacheWriterOptions options;
        options.timeout = kPatience;
        options.least_gap = 0ms;
        return options;
    }
    Batch batch(const std::string& hostname, std::chrono::seconds later = 0s, double cpu = 12.5) {
        Batch b = test::sample_batch();
        b.hostname = hostname;
        b.time += later;
        b.layout = {{"cpu_usage_percent", "", "percent"},
                    {"disk_usage_percent", "/", "percent"},
                    {"disk_usage_percent", "/var", "percent"},
                    {"memory_usage_percent", "", "percent"}};
        b.values = {cpu, 61.2, 71.5, std::nan("")};
        return b;
    }
    // By a clock that agrees with the host's.
    static void offer(CacheWriter& writer, Batch b) {
        const Timestamp made_at = b.time;
        writer.offer(std::move(b), made_at);
    }
    // Writes all of them and waits until they are there.
    void write(std::vector<Batch> batches) {
        CacheWriter writer{target_, eager(), metrics_};
        writer.start();
        for (Batch& b : batches) offer(writer, std::move(b));
        writer.stop();
    }
    std::string get(const std::string& key) {
        const Reply reply = redis_->command({"GET", key});
        return reply->str != nullptr ? std::string(reply->str, reply->len) : "";
    }
    long long lifetime(const std::string& key) { return redis_->command({"TTL", key})->integer; }
    CacheReader reader() { return CacheReader{target_, metrics_, kPatience}; }

    RedisTarget target_;
    std::unique_ptr<RedisConnection> redis_;
    MetricsRegistry metrics_;
};

TEST_F(Cache, BatchIsFoundUnderItsKeysWithTheirLifetimes) {
    write({batch("web-01")});
    EXPECT_THAT(get("latest:web-01:cpu_usage_percent"),
                HasSubstr(R"("value":12.5,"unit":"percent")"));
    EXPECT_THAT(get("health:web-01"), HasSubstr(R"("hostname":"web-01")"));
    EXPECT_THAT(get("health:web-01"), HasSubstr(R"("cpu_usage":12.5)"));
    EXPECT_THAT(get("processes:web-01"), HasSubstr("systemd"));
    for (const auto& [key, seconds] :
         {std::pair{"latest:web-01:cpu_usage_percent", 600}, std::pair{"health:web-01", 120}}) {
        EXPECT_LE(lifetime(key), seconds);
        EXPECT_GT(lifetime(key), seconds - 60);
    }
}

TEST_F(Cache, UnknownValueHasNoKeyAndBreakdownsShareOne) {
    write({batch("web-01")});
    EXPECT_EQ(get("latest:web-01:memory_usage_percent"), "");
    const std::string disk = get("latest:web-01:disk_usage_percent");
    EXPECT_THAT(disk, HasSubstr(R"("series":[)"));
    EXPECT_THAT(disk, HasSubstr(R"({"mountpoint":"/var"})"));
}

TEST_F(Cache, ReaderFindsWhatTheWriterPut) {
    write({batch("web-01"), batch("web-02", 0s, 99)});
    auto cache = reader();
    const auto latest = cache.latest("web-01");
    ASSERT_TRUE(latest.has_value());
    EXPECT_EQ(latest->size(), 2U);
    const auto overviews = cache.overviews({"web-02", "nobody", "web-01"});
    ASSERT_TRUE(overviews.has_value());
    ASSERT_EQ(overviews->size(), 3U);
    EXPECT_EQ(overviews->at(0)->cpu_usage, 99);
    EXPECT_FALSE(overviews->at(1).has_value());
    EXPECT_EQ(overviews->at(2)->hostname, "web-01");
}

TEST_F(Cache, ReplayedBatchDoesNotHideTheNewest) {
    CacheWriter writer{target_, eager(), metrics_};
    writer.start();
    offer(writer, batch("web-01", 60s, 50));
    offer(writer, batch("web-01", 0s, 10));
    writer.stop();
    EXPECT_THAT(get("latest:web-01:cpu_usage_percent"), HasSubstr(R"("value":50)"));
}

TEST_F(Cache, AClockThatWasAheadDoesNotHideThePresent) {
    CacheWriter writer{target_, eager(), metrics_};
    writer.start();
    const auto now = batch("web-01").time;
    writer.offer(batch("web-01", 27h, 10), now);
    writer.offer(batch("web-01", 30s, 50), now + 30s);
    writer.stop();
    EXPECT_THAT(get("latest:web-01:cpu_usage_percent"), HasSubstr(R"("value":50)"));
}

TEST_F(Cache, NewestOfManyIsWritten) {
    CacheWriterOptions options = eager();
    options.least_gap = 1h;  // the second and later ones wait for the end
    CacheWriter writer{target_, options, metrics_};
    writer.start();
    for (int i = 1; i <= 100; ++i) offer(writer, batch("web-01", std::chrono::seconds{i}, i));
    writer.stop();
    EXPECT_THAT(get("latest:web-01:cpu_usage_percent"), HasSubstr(R"("value":100)"));
}

TEST_F(Cache, WhatOthersPutThereIsNotBelieved) {
    write({batch("web-01")});
    auto cache = reader();
    const std::string index = index_key("web-01"),
                      value = latest_key("web-01", "cpu_usage_percent");
    for (const std::string& poison :
         {std::string("<script>"), std::string("[1,2]"), std::string("{}"), std::string(),
          std::string("\xff\xfe"), std::string(5'000'000, '['), std::string(R"({"value":"x"})")}) {
        redis_->command({"SET", value, poison});
        redis_->command({"SET", "health:web-01", poison});
        const auto latest = cache.latest("web-01");
        ASSERT_TRUE(latest.has_value());
        for (const auto& metric : *latest) EXPECT_NE(metric.metric_type, "cpu_usage_percent");
        const auto overviews = cache.overviews({"web-01"});
        ASSERT_TRUE(overviews.has_value());
        EXPECT_FALSE(overviews->at(0).has_value());
        redis_->command({"SET", index, poison});
        EXPECT_TRUE(cache.latest("web-01").value_or(std::vector<LatestMetric>{}).empty());
        write({batch("web-01")});
    }
    redis_->command({"DEL", index, value});
    redis_->command({"LPUSH", index, "x"});
    redis_->command({"LPUSH", value, "x"});
    EXPECT_NO_THROW((void)cache.latest("web-01"));
}

TEST_F(Cache, WithoutRedisTheReaderSaysSoAndTheWriterCounts) {
    RedisTarget nowhere;
    nowhere.socket_path = "/nonexistent/redis.sock";
    CacheReader cache{nowhere, metrics_, 50ms};
    EXPECT_FALSE(cache.ping());
    EXPECT_FALSE(cache.latest("web-01").has_value());
    EXPECT_FALSE(cache.overviews({"web-01"}).has_value());
    CacheWriter writer{nowhere, CacheWriterOptions{}, metrics_};
    writer.start();
    offer(writer, batch("web-01"));
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    const std::string none = "chorus_aggregator_cache_failures_total 0\n";
    while (metrics_.expose().find(none) != std::string::npos &&
           std::chrono::steady_clock::now() < deadline) {
        std::this_thread::yield();
    }
    EXPECT_THAT(metrics_.expose(), testing::Not(HasSubstr(none)));
    writer.stop();
}

TEST_F(Cache, WrongPasswordIsUnavailableAndNotShown) {
    redis_->command({"ACL", "SETUSER", "cache-test", "on", ">right", "~*", "+@all"});
    RedisTarget wrong = target_;
    wrong.user = "cache-test";
    wrong.password = "canary-password";
    try {
        RedisConnection{wrong, kPatience};
        ADD_FAILURE() << "connected with a wrong password";
    } catch (const RedisUnavailable& e) {
        EXPECT_THAT(e.what(), testing::Not(HasSubstr("canary")));
    }
    wrong.password = "right";
    EXPECT_NO_THROW(RedisConnection(wrong, kPatience).command({"PING"}));
    redis_->command({"ACL", "DELUSER", "cache-test"});
}

TEST(RedisUrl, IsReadOrRefusedWithoutShowingIt) {
    const auto target = parse_redis_url("redis://me:p%40ss@cache:6380/3");
    EXPECT_EQ(target.host, "cache");
    EXPECT_EQ(target.port, 6380);
    EXPECT_EQ(target.database, 3);
    EXPECT_EQ(target.user, "me");
    EXPECT_EQ(target.password, "p@ss");
    EXPECT_THAT(target.description, testing::Not(HasSubstr("p@ss")));
    EXPECT_EQ(parse_redis_url("unix:///run/r.sock?db=2").socket_path, "/run/r.sock");
    for (const char* bad : {"rediss://:canary@h", "http://:canary@h", "redis://:canary@h/x",
                            "redis://:canary@h/-1", "unix://?db=1&x=canary", "canary", ""}) {
        try {
            parse_redis_url(bad);
            ADD_FAILURE() << bad << " was taken";
        } catch (const std::invalid_argument& e) {
            EXPECT_THAT(e.what(), testing::Not(HasSubstr("canary")));
        }
    }
}

}  // namespace
}  // namespace chorus::cache
