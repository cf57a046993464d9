// What follows from agents' checks: alerts of their own, entries in Redis, and what rules see.
#include "aggregator/health/agent_services.h"

#include <gtest/gtest.h>
#include <hiredis/hiredis.h>

#include <cstdlib>
#include <stdexcept>

#include "../store/test_database.h"
#include "aggregator/alert_store/alert_reader.h"
#include "aggregator/alerts/loader.h"
#include "aggregator/schema/lease.h"
#include "aggregator/schema/retention.h"
#include "aggregator/service_store/service_alerts.h"
#include "aggregator/service_store/service_store.h"

namespace chorus::health {
namespace {

using std::chrono::days;
using std::chrono::minutes;
using std::chrono::seconds;
using store::at;

class AgentServicesTest : public testing::Test {
  protected:
    AgentServicesTest() {
        epoch_ = store::take_lease(*database_.pool().acquire(), "test", minutes{10}).value_or(0);
        host_ = database_.add_host("db-01");
        store::Partitions{database_.pool(), clock_, {}}.ensure_ahead();
    }

    static cache::RedisTarget redis_target() {
        const char* url = std::getenv("CHORUS_TEST_REDIS_URL");
        if (url == nullptr) throw std::runtime_error("CHORUS_TEST_REDIS_URL is not set");
        return cache::parse_redis_url(url);
    }
    void record(ServiceStatus status, const std::string& error = {}) {
        store::ServiceCheck check;
        check.service = "postgres";
        check.endpoint = "tcp://127.0.0.1:5432";
        check.time = clock_.now();
        check.status = status;
        check.error = error;
        check.agent = {host_, clock_.now()};
        store::record_checks(*database_.pool().acquire(), {check});
        seen();
    }
    // The host has reported.
    void seen() {
        database_.run("UPDATE monitoring.hosts SET last_seen = '" + format_timestamp(clock_.now()) +
                      "'");
    }
    std::string alerts() {
        return database_.text(
            "SELECT coalesce(string_agg(concat_ws('|', title, severity, status, hostname,"
            " occurrences), ' / ' ORDER BY created_at), '') FROM monitoring.alerts");
    }
    std::vector<alerts::Service> seen_by_rules() {
        alerts::Loader loader;
        return loader.load(*database_.pool().acquire(), {}, clock_.now()).services;
    }

    store::FilledDatabase database_;
    ManualClock clock_{at("2026-11-20T10:00:00Z")};
    MetricsRegistry metrics_;
    cache::EntryWriter cache_{redis_target(), metrics_};
    std::int64_t epoch_ = 0;
    std::int32_t host_ = 0;
    AgentServices services_{database_.pool(), cache_, clock_};
};

TEST_F(AgentServicesTest, AFailedCheckMakesOneAlertOfItsHost) {
    record(ServiceStatus::unhealthy, "Connection refused");
    services_.round(epoch_);
    services_.round(epoch_);  // nothing new
    const std::string open = "Service postgres@db-01 Health Alert|critical|active|db-01|";
    EXPECT_EQ(alerts(), open + "1");
    clock_.advance(minutes{1});
    record(ServiceStatus::unhealthy, "Connection refused");
    services_.round(epoch_);
    EXPECT_EQ(alerts(), open + "2");
    // The aggregator's own rounds leave it alone.
    store::update_probe_alerts(*database_.pool().acquire(), store::CheckedBy::aggregator, {}, {},
                               clock_.now());
    EXPECT_EQ(alerts(), open + "2");
    clock_.advance(minutes{1});
    record(ServiceStatus::healthy);
    services_.round(epoch_);
    EXPECT_EQ(alerts(), "Service postgres@db-01 Health Alert|critical|resolved|db-01|2");
}

TEST_F(AgentServicesTest, AServiceThatFlapsIsToldOfOnceInAWhile) {
    const auto check = [&](ServiceStatus status) {
        clock_.advance(seconds{30});
        record(status, status == ServiceStatus::healthy ? "" : "Connection refused");
        services_.round(epoch_);
    };
    const std::string title = "Service postgres@db-01 Health Alert|critical|";
    check(ServiceStatus::unhealthy);
    for (int i = 0; i < 3; ++i) {
        check(ServiceStatus::healthy);
        check(ServiceStatus::unhealthy);
    }
    EXPECT_EQ(alerts(), title + "resolved|db-01|1");
    // It stays down, which is told five minutes after the alert ended.
    for (int i = 0; i < 4; ++i) check(ServiceStatus::unhealthy);
    EXPECT_EQ(alerts(), title + "resolved|db-01|1");
    check(ServiceStatus::unhealthy);
    EXPECT_EQ(alerts(), title + "resolved|db-01|1 / " + title + "active|db-01|1");
}

TEST_F(AgentServicesTest, AlertsOfTheAggregatorsOwnServicesAreNotOurs) {
    store::ServiceCheck own;
    own.service = "web";
    own.time = clock_.now();
    own.error = "HTTP 503";
    store::update_probe_alerts(*database_.pool().acquire(), store::CheckedBy::aggregator, {own},
                               {"web"}, clock_.now());
    services_.round(epoch_);
    EXPECT_EQ(alerts(), "Service web Health Alert|critical|active|1");
}

TEST_F(AgentServicesTest, OfASilentHostNothingIsKnown) {
    record(ServiceStatus::unhealthy, "Connection refused");
    ASSERT_EQ(seen_by_rules().size(), 1U);
    EXPECT_EQ(seen_by_rules()[0].name, "postgres@db-01");
    EXPECT_EQ(seen_by_rules()[0].hostname, "db-01");
    EXPECT_EQ(seen_by_rules()[0].status, alerts::Service::Status::unhealthy);
    clock_.advance(seconds{180 + 91});
    services_.round(epoch_);
    EXPECT_EQ(alerts(), "");
    for (const auto later : {minutes{0}, minutes{40}}) {
        clock_.advance(later);
        ASSERT_EQ(seen_by_rules().size(), 1U);
        EXPECT_EQ(seen_by_rules()[0].status, alerts::Service::Status::unknown);
    }
}

TEST_F(AgentServicesTest, ACheckThatWasTakenAwayLeavesNoAlertOpen) {
    record(ServiceStatus::timeout);
    services_.round(epoch_);
    EXPECT_EQ(alerts(), "Service postgres@db-01 Health Alert|high|active|db-01|1");
    clock_.advance(minutes{29});
    seen();
    services_.round(epoch_);
    EXPECT_EQ(alerts(), "Service postgres@db-01 Health Alert|high|active|db-01|1");
    clock_.advance(minutes{2});
    seen();
    EXPECT_TRUE(seen_by_rules().empty());
    services_.round(epoch_);
    EXPECT_EQ(alerts(), "Service postgres@db-01 Health Alert|high|resolved|db-01|1");
}

TEST_F(AgentServicesTest, RedisHasTheNewestCheck) {
    record(ServiceStatus::healthy);
    services_.round(epoch_);
    cache::RedisConnection redis{redis_target(), std::chrono::seconds{1}};
    const auto reply = redis.command({"GET", "service_health:postgres@db-01"});
    ASSERT_NE(reply->str, nullptr);
    const std::string text(reply->str, reply->len);
    EXPECT_NE(text.find(R"("status":"healthy")"), std::string::npos) << text;
    EXPECT_GT(redis.command({"TTL", "service_health:postgres@db-01"})->integer, 180);
}

TEST_F(AgentServicesTest, RetentionDeletesWhatIsGoneForDays) {
    record(ServiceStatus::healthy);
    clock_.advance(days{6});
    seen();
    store::Retention retention;
    store::Partitions partitions{database_.pool(), clock_, retention};
    store::RetentionJob job{database_.pool(), clock_, partitions, retention};
    job.run({}, true);
    EXPECT_EQ(database_.number("SELECT count(*) FROM monitoring.services"), 1);
    clock_.advance(days{2});
    job.run({}, true);
    // The host is silent since the sixth day, and was without the service before.
    EXPECT_EQ(database_.number("SELECT count(*) FROM monitoring.services"), 0);
}

}  // namespace
}  // namespace chorus::health
