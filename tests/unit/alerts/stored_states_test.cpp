#include "aggregator/alerts/stored_states.h"

#include <gtest/gtest.h>

#include "builders.h"

namespace chorus::alerts {
namespace {

using build::at;

TEST(StoredStates, AStateComesBackAsItWas) {
    const Uuid rule = Uuid::random();
    SubjectState full;
    full.phase = Phase::firing;
    full.since = at(1) + std::chrono::microseconds{1};
    full.severity = Severity::critical;
    full.clear_since = at(2);
    full.fired_at = at(3);
    full.resolved_at = at(4);
    full.flapping = full.stale = true;
    EXPECT_EQ(state_of(row_of(rule, "web-01", full)), full);
    for (const auto phase : {Phase::ok, Phase::pending, Phase::firing}) {
        SubjectState bare;
        bare.phase = phase;
        EXPECT_EQ(state_of(row_of(rule, "web-01", bare)), bare);
    }
    EXPECT_EQ(row_of(rule, "web-01|/var", full).rule_id, rule);
    EXPECT_EQ(row_of(rule, "web-01|/var", full).subject, "web-01|/var");
}

}  // namespace
}  // namespace chorus::alerts
