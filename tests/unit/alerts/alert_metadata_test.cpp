// The one JSON form of what the metadata of a rule's alert says.
#include "aggregator/alerts/alert_metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "builders.h"

namespace chorus::alerts {
namespace {

using build::kNoon;
using build::process_rule;
using build::system_of;
using build::system_rule;
using testing::EndsWith;
using testing::HasSubstr;

const std::string kRule = R"({"rule_id":"0f0e0d0c-0b0a-4908-8706-050403020100","rule_name":)";

Reading reading_of(double value, double threshold) {
    return {Reading::Verdict::breached, value, threshold, Severity::high};
}

AlertMetadata system_metadata(const Rule& rule, const std::string& label = "") {
    Host host;
    host.hostname = "web-01";
    const auto& condition = std::get<SystemMetricCondition>(rule.condition);
    const Series series{condition.metric_type, label, {}, "percent"};
    return metadata_of(rule, {.host = &host, .series = &series}, reading_of(91.237, 85));
}

TEST(AlertMetadata, OfASystemRule) {
    EXPECT_EQ(metadata_json(system_metadata(system_rule())),
              kRule + R"("High CPU Usage","hostname":"web-01","metric_type":"cpu_usage_percent",)"
                      R"("current_value":91.237,"threshold":85,"operator":">","aggregation":"avg",)"
                      R"("time_window_minutes":5,"metric_unit":"percent"})");
    EXPECT_THAT(metadata_json(system_metadata(system_rule(), "/var")),
                EndsWith(R"("label":"/var"})"));
}

TEST(AlertMetadata, OfAQuotientThereIsADivisorAndNoUnit) {
    Rule rule = system_rule("network_receive_errors_per_sec");
    system_of(rule).divisor = {"network_receive_packets_per_sec"};
    const auto json = metadata_json(system_metadata(rule));
    EXPECT_THAT(json,
                HasSubstr(R"("divided_by":"network_receive_packets_per_sec","current_value")"));
    EXPECT_THAT(json, HasSubstr(R"("metric_unit":"")"));
}

TEST(AlertMetadata, OfAProcessRule) {
    const Rule rule = process_rule("python", ProcessField::memory_percent, Operator::greater, 80);
    Host host;
    host.hostname = "web-01";
    Process process;
    process.pid = 4242;
    Subject subject{.host = &host, .process_name = "python", .process = &process};
    EXPECT_EQ(
        metadata_json(metadata_of(rule, subject, reading_of(81.5, 80))),
        kRule + R"("High Python Memory Usage","hostname":"web-01","process_name":"python",)"
                R"("metric_field":"memory_percent","current_value":81.5,"threshold":80,)"
                R"("operator":">","aggregation":"avg","time_window_minutes":5,"process_id":4242})");
    subject.process = nullptr;
    EXPECT_THAT(metadata_json(metadata_of(rule, subject, reading_of(81.5, 80))),
                EndsWith(R"("process_id":null})"))
        << "of a group none is named";
}

TEST(AlertMetadata, OfAServiceRule) {
    Service service{"chat-service", Service::Status::unhealthy, 5230, "HTTP 500"};
    const Rule rule = build::service_rule("chat-service");
    EXPECT_EQ(metadata_json(metadata_of(rule, {.service = &service}, reading_of(5230, 5000))),
              kRule + R"("Chat Service Down","service_name":"chat-service","status":"unhealthy",)"
                      R"("response_time_ms":5230,"error_message":"HTTP 500"})");
    service = {"chat@web-01", Service::Status::timeout, std::nullopt, std::nullopt, "web-01"};
    EXPECT_EQ(metadata_json(metadata_of(rule, {.service = &service}, reading_of(0, 5000))),
              kRule + R"("Chat Service Down","hostname":"web-01","service_name":"chat@web-01",)"
                      R"("status":"timeout","response_time_ms":null,"error_message":null})");
}

TEST(AlertMetadata, OfASilentHost) {
    Host host;
    host.hostname = "web-01";
    host.last_seen = kNoon;
    const auto metadata = metadata_of(
        build::silence_rule(), {.host = &host, .silent_seconds = 95.4}, reading_of(95.4, 90));
    EXPECT_EQ(metadata_json(metadata),
              kRule + R"("Host silent","hostname":"web-01","last_seen":"2026-01-05T12:00:00.000Z",)"
                      R"("silent_seconds":95})");
}

TEST(AlertMetadata, WhatFiredAnAlertIsWrittenAndThenKeptAsItIsStored) {
    auto metadata = system_metadata(system_rule());
    metadata.fired = FiringFacts{kNoon, 91.237, 85, "91 \"> 85\""};
    EXPECT_THAT(metadata_json(metadata),
                EndsWith(R"(,"fired":{"at":"2026-01-05T12:00:00.000Z","value":91.237,)"
                         R"("threshold":85,"text":"91 \"> 85\""}})"));
    metadata.fired = std::string{R"({"at": "before"})"};
    metadata.top_processes_json = R"([{"process_id": 1}])";
    EXPECT_THAT(metadata_json(metadata),
                EndsWith(R"(,"fired":{"at": "before"},"top_processes":[{"process_id": 1}]})"));
}

TEST(AlertMetadata, TheProcessesOfANewAlertComeInPlaceOfTheStoredOnes) {
    auto metadata = system_metadata(system_rule());
    metadata.top_processes_json = R"([{"process_id": 1}])";
    store::TopProcesses processes;
    EXPECT_THAT(metadata_json(metadata, &processes), EndsWith(R"(,"top_processes":[]})"));
}

}  // namespace
}  // namespace chorus::alerts
