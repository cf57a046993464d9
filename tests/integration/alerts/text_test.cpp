// What an alert says of itself from firing to its end: true in every round.
#include <gmock/gmock.h>

#include <regex>

#include "aggregator/alerts/alert_text.h"
#include "engine_fixture.h"

namespace chorus::alerts {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// A rule over one minute: the sample of the round is the value.
constexpr const char* kRule =
    R"({"metric_type":"cpu_usage_percent","operator":">","threshold":80,"clear_threshold":70,
        "critical_threshold":95,"time_window_minutes":1,"keep_firing_minutes":2})";

class AlertTextLog : public EngineTest {
  protected:
    AlertTextLog() {
        host_ = database_.add_host("web-01");
        layout_ = database_.add_layout({{"cpu_usage_percent", "", "percent"}});
    }
    // A round half a minute after the sample; nullopt: there is none.
    store::AlertRow after(std::optional<double> value) {
        clock_.advance(seconds{90});
        if (value) add_cpu(host_, layout_, *value);
        clock_.advance(seconds{30});
        round();
        auto all = alerts();
        return all.empty() ? store::AlertRow{} : all.front();
    }
    // Each statement of the text against what is known here.
    void check(const store::AlertRow& alert, double value) {
        const std::string text = alert.description.value_or("");
        std::smatch part;
        ASSERT_TRUE(std::regex_search(
            text, part,
            std::regex{R"(^cpu_usage_percent value (\S+) > (\S+) on web-01 at (.*?),)"}))
            << text;
        EXPECT_EQ(std::stod(part[1]), fired_value_) << text;
        EXPECT_GT(std::stod(part[1]), std::stod(part[2])) << text;
        EXPECT_EQ(part[3], fired_at_) << text;
        if (fired_at_ == moment(clock_.now())) return;
        ASSERT_TRUE(std::regex_search(text, part, std::regex{R"(\. At (.*? UTC) it was ([\d.]+))"}))
            << text;
        EXPECT_EQ(part[1], moment(clock_.now())) << text;
        EXPECT_EQ(std::stod(part[2]), value) << text;
        EXPECT_EQ(text.find("(> 80;") != std::string::npos, value > 80) << text;
        EXPECT_EQ(text.find("not > 80 any more; it ends below 70") != std::string::npos,
                  value <= 80 && value >= 70)
            << text;
        EXPECT_EQ(text.find("clear since") != std::string::npos,
                  value < 70 && alert.status == store::AlertStatus::active)
            << text;
        EXPECT_EQ(text.find("the alert ended") != std::string::npos,
                  alert.status == store::AlertStatus::resolved)
            << text;
    }

    std::int32_t host_ = 0, layout_ = 0;
    double fired_value_ = 0;
    std::string fired_at_;
};

TEST_F(AlertTextLog, IsTrueInEveryRoundAndItsSeverityThatOfTheLevel) {
    add_rule("busy", "system_metric", kRule);
    using store::Severity;
    const std::vector<std::pair<double, Severity>> rounds{
        {90, Severity::high},     {97, Severity::critical}, {88, Severity::critical},
        {84, Severity::high},     {80.001, Severity::high}, {76, Severity::high},
        {70, Severity::high},     {61, Severity::high},     {75, Severity::high},
        {96, Severity::critical}, {72, Severity::high},     {50, Severity::high},
    };
    for (const auto& [value, severity] : rounds) {
        const auto alert = after(value);
        if (fired_at_.empty()) {
            fired_at_ = moment(clock_.now());
            fired_value_ = value;
        }
        check(alert, value);
        EXPECT_EQ(alert.severity, severity) << value << ": " << alert.description.value_or("");
        EXPECT_EQ(alert.status, store::AlertStatus::active) << value;
    }
    const auto ended = after(40);
    EXPECT_EQ(ended.status, store::AlertStatus::resolved);
    check(ended, 40);
    EXPECT_EQ(alerts().size(), 1U);
    // Told as changes of the same state: raised, fallen back, raised, fallen back.
    EXPECT_EQ(database_.number("SELECT count(*) FROM monitoring.alert_transitions"
                               " WHERE from_status = to_status"),
              4);
}

TEST_F(AlertTextLog, SaysWhenThereIsNoDataAndWhenItIsGone) {
    add_rule("busy", "system_metric", kRule);
    after(90);
    const auto lost = after(std::nullopt);
    EXPECT_THAT(*lost.description, testing::HasSubstr(" At " + moment(clock_.now()) +
                                                      " there was too little data to judge it."));
    EXPECT_EQ(after(91).description->find("too little data"), std::string::npos);
    database_.run("DELETE FROM monitoring.hosts");
    const auto gone = after(std::nullopt);
    EXPECT_THAT(*gone.description, testing::HasSubstr("it was gone: nothing reports it any more"));
}

// What no rule of this program has opened with its text is not made up.
TEST_F(AlertTextLog, OfAnAlertThatAnEarlierVersionOpenedTellsSinceWhen) {
    add_rule("busy", "system_metric", kRule);
    after(90);
    const std::string opened = moment(clock_.now());
    database_.run("UPDATE monitoring.alerts SET alert_metadata = alert_metadata - 'fired'");
    const auto later = after(91);
    EXPECT_EQ(*later.description, "Open since " + opened + ". At " + moment(clock_.now()) +
                                      " it was 91 (> 80; critical if > 95).");
}

TEST_F(AlertTextLog, AYoungHostRaisesNoTenMinuteAlertInItsFirstFiveMinutes) {
    add_rule("busy", "system_metric",
             R"({"metric_type":"cpu_usage_percent","operator":">","threshold":80,
                 "time_window_minutes":10})");
    add_rule("at once", "system_metric",
             R"({"metric_type":"cpu_usage_percent","operator":">","threshold":80,
                 "time_window_minutes":10,"min_coverage":0})");
    add_rule("sum", "system_metric",
             R"({"metric_type":"cpu_usage_percent","operator":">","threshold":80,
                 "time_window_minutes":10,"aggregation":"sum"})");
    const Timestamp first = clock_.now();
    for (; clock_.now() - first < minutes{5}; clock_.advance(seconds{30})) {
        add_cpu(host_, layout_, 100);
        round();
        ASSERT_EQ(alerts().size(), 2U) << "those that ask for no coverage";
    }
    add_cpu(host_, layout_, 100);
    round();
    EXPECT_EQ(alerts().size(), 3U);
}

TEST_F(AlertTextLog, ItsSummaryNamesRuleAndHostOnce) {
    const auto summary = [](std::optional<std::string> rule, std::string title,
                            std::optional<std::string> hostname,
                            std::optional<std::string> subject = {}) {
        store::AlertRow alert;
        alert.rule_name = std::move(rule);
        alert.title = std::move(title);
        alert.hostname = std::move(hostname);
        alert.subject = std::move(subject);
        return store::alert_summary(alert);
    };
    EXPECT_EQ(summary("CPU busy", "CPU busy - cpu_usage_percent Alert", "web-01"),
              "CPU busy on web-01");
    EXPECT_EQ(summary("Disk", "", "web-01", "/var"), "Disk on web-01 (/var)");
    EXPECT_EQ(summary("Stock: host silent", "", "web-01"), "Host silent on web-01");
    EXPECT_EQ(summary("Stock: ", "", "web-01"), "Stock:  on web-01");
    EXPECT_EQ(summary("CPU of web-01", "", "web-01"), "CPU of web-01");
    EXPECT_EQ(summary("CPU of web-011", "", "web-01"), "CPU of web-011 on web-01");
    EXPECT_EQ(summary("Chat is down", "", {}, "chat"), "Chat is down (chat)");
    EXPECT_EQ(summary("chat is down", "", {}, "chat"), "chat is down");
    EXPECT_EQ(summary({}, "Backup is late", {}, "db"), "Backup is late");
    EXPECT_EQ(summary({}, "Backup is late", "db-01"), "Backup is late on db-01");
    EXPECT_EQ(summary({}, "Batches of db-01 are held back", "db-01"),
              "Batches of db-01 are held back");
    add_rule("busy", "system_metric", kRule);
    EXPECT_EQ(store::alert_summary(after(90)), "busy on web-01");
}

}  // namespace
}  // namespace chorus::alerts
