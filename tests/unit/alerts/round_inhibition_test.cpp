// One alert says that a host is silent; what else is open about it is muted meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planned_rounds.h"

namespace chorus::alerts {
namespace {

using build::at;
using build::kCpu;
using build::PlannedRounds;
using store::AlertStatus;
using testing::IsEmpty;
using testing::SizeIs;

class InhibitionTest : public testing::Test {
  protected:
    // The host reports a high value at noon, and nothing for ten minutes after that.
    void fall_silent() {
        cpu_ = rounds_.add(build::system_rule(kCpu));
        silence_ = rounds_.add(build::silence_rule());
        rounds_.memory.watermark = {at(-1), at(-600)};
        rounds_.fleet.batch("web-01", at(0), {{kCpu, 91}});
        rounds_.round(0);
        ASSERT_NE(rounds_.open("system_metric"), nullptr);
        for (int minute = 1; minute <= 10; ++minute) rounds_.round(minute);
    }
    const store::OpenAlert& cpu_alert() { return *rounds_.open("system_metric"); }

    PlannedRounds rounds_;
    Uuid cpu_, silence_;
};

TEST_F(InhibitionTest, TheAlertsOfASilentHostAreSuppressedOnce) {
    fall_silent();
    ASSERT_NE(rounds_.open("host_silent"), nullptr);
    EXPECT_EQ(rounds_.open("host_silent")->status, AlertStatus::active);
    EXPECT_EQ(cpu_alert().status, AlertStatus::suppressed);
    EXPECT_EQ(cpu_alert().suppressed_by, "inhibited:host_silent");
    EXPECT_THAT(rounds_.plan(11).inhibitions, IsEmpty());
}

TEST_F(InhibitionTest, WhatIsOpenedAboutASilentHostBeginsSuppressed) {
    fall_silent();
    auto& host = rounds_.fleet.host("web-01");
    host.deferred_at = at(10);
    const auto plan = rounds_.plan(11);
    for (const auto& planned : plan.alerts) {
        if (planned.alert.alert_type != "cardinality_limit") continue;
        EXPECT_EQ(planned.alert.suppressed_by, "inhibited:host_silent");
        return;
    }
    FAIL() << "no alert about the deferred batches";
}

TEST_F(InhibitionTest, OfAHostThatIsBackWhatIsStillOpenIsActiveAgain) {
    fall_silent();
    const Uuid id = cpu_alert().id;
    rounds_.fleet.batch("web-01", at(11), {{kCpu, 91}});
    const auto plan = rounds_.round(11);
    ASSERT_THAT(plan.inhibitions, SizeIs(1));
    EXPECT_EQ(plan.inhibitions[0].alert_id, id);
    EXPECT_EQ(plan.inhibitions[0].to, AlertStatus::active);
    EXPECT_EQ(plan.inhibitions[0].only_from, AlertStatus::suppressed);
    EXPECT_EQ(plan.inhibitions[0].comment, "web-01 is back");
    EXPECT_EQ(rounds_.open("host_silent"), nullptr);
}

TEST_F(InhibitionTest, ThatAPersonResolvedTheAlertOfItsSilenceDoesNotBringAHostBack) {
    fall_silent();
    rounds_.memory.open.erase(rounds_.open("host_silent")->fingerprint);
    EXPECT_THAT(rounds_.plan(11).inhibitions, IsEmpty());
}

TEST_F(InhibitionTest, WithoutARuleThatReportsSilenceTheAlertsAreActiveAgain) {
    fall_silent();
    rounds_.stored(silence_).row.is_active = false;
    const auto plan = rounds_.round(11);
    ASSERT_THAT(plan.inhibitions, SizeIs(1));
    EXPECT_EQ(plan.inhibitions[0].comment, "No rule tells of the silence of web-01");
    EXPECT_EQ(cpu_alert().status, AlertStatus::active);
}

TEST_F(InhibitionTest, WhatAPersonSuppressedStaysSo) {
    fall_silent();
    auto& alert = rounds_.memory.open.at(cpu_alert().fingerprint);
    alert.suppressed_by.reset();
    rounds_.fleet.batch("web-01", at(11), {{kCpu, 91}});
    EXPECT_THAT(rounds_.plan(11).inhibitions, IsEmpty());
}

}  // namespace
}  // namespace chorus::alerts
