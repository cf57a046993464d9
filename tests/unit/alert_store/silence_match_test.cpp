// Which alerts a silence fits.
#include "aggregator/alert_store/silence_match.h"

#include <gtest/gtest.h>

namespace chorus::store {
namespace {

const Uuid kRule = Uuid::random();

SilenceSubject subject() {
    return {.alert_id = Uuid::random(),
            .hostname = "web-01",
            .alert_type = "system_metric",
            .source = "system:web-01",
            .rule_id = kRule,
            .rule_name = "High CPU Usage",
            .severity = Severity::high};
}

TEST(SilenceMatch, EachMatcherIsAGlobOrAnExactValue) {
    EXPECT_TRUE(matches({.hostname = "web-*"}, subject()));
    EXPECT_FALSE(matches({.hostname = "web"}, subject()));
    EXPECT_TRUE(matches({.alert_type = "system_metric"}, subject()));
    EXPECT_FALSE(matches({.alert_type = "process_*"}, subject()));
    EXPECT_TRUE(matches({.source = "system:*"}, subject()));
    EXPECT_FALSE(matches({.source = "service:*"}, subject()));
    EXPECT_TRUE(matches({.rule_id = kRule}, subject()));
    EXPECT_FALSE(matches({.rule_id = Uuid::random()}, subject()));
    EXPECT_TRUE(matches({.rule_name = "High CPU ?sage"}, subject()));
    EXPECT_FALSE(matches({.rule_name = "high cpu usage"}, subject()));
    EXPECT_TRUE(matches({.severities = {Severity::low, Severity::high}}, subject()));
    EXPECT_FALSE(matches({.severities = {Severity::critical}}, subject()));
}

TEST(SilenceMatch, EveryGivenMatcherMustFit) {
    EXPECT_TRUE(matches({.hostname = "web-*", .severities = {Severity::high}}, subject()));
    EXPECT_FALSE(matches({.hostname = "web-*", .severities = {Severity::low}}, subject()));
    EXPECT_FALSE(matches({.hostname = "db-*", .severities = {Severity::high}}, subject()));
}

TEST(SilenceMatch, WhatTheAlertDoesNotHaveDoesNotFit) {
    auto bare = subject();
    bare.hostname.reset();
    bare.rule_id.reset();
    bare.rule_name.reset();
    EXPECT_FALSE(matches({.hostname = "*"}, bare));
    EXPECT_FALSE(matches({.rule_id = kRule}, bare));
    EXPECT_FALSE(matches({.rule_name = "*"}, bare));
    EXPECT_TRUE(matches({.source = "*"}, bare));
}

TEST(SilenceMatch, FirstSilenceThatFitsIsTheOne) {
    std::vector<SilenceRow> silences(3);
    silences[0].matchers.hostname = "db-*";
    silences[1].matchers.hostname = "web-*";
    silences[2].matchers.hostname = "*";
    EXPECT_EQ(find_silence(silences, subject()), &silences[1]);
    EXPECT_EQ(find_silence({}, subject()), nullptr);
    silences.resize(1);
    EXPECT_EQ(find_silence(silences, subject()), nullptr);
}

}  // namespace
}  // namespace chorus::store
