// The D-Bus wire format, and what is told of units.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "agent/collect/unit_collector.h"
#include "agent/systemd/dbus_message.h"
#include "tests/unit/agent/samples.h"

namespace chorus::agent {
namespace {

using namespace std::chrono_literals;
using testing::collect;
using testing::Samples;

TEST(DBusMessage, CallIsLaidOutAsTheSpecificationSays) {
    const std::string message = marshal_call(
        {.destination = "a.b", .path = "/p", .interface = "i.f", .member = "M", .texts = {"x"}}, 7);
    using namespace std::string_literals;
    const std::string whole = "l\1\0\1\6\0\0\0\7\0\0\0\x47\0\0\0"s +
                              "\1\1o\0\2\0\0\0/p\0\0\0\0\0\0"s + "\2\1s\0\3\0\0\0i.f\0\0\0\0\0"s +
                              "\3\1s\0\1\0\0\0M\0\0\0\0\0\0\0"s + "\6\1s\0\3\0\0\0a.b\0\0\0\0\0"s +
                              "\x08\1g\0\1s\0"s + "\0"s + "\1\0\0\0x\0"s;
    EXPECT_EQ(message, whole);
    const auto head = parse_head(message, 1'000);
    EXPECT_EQ(head.rest, message.size() - DBusHead::kBytes);
    EXPECT_EQ(message.substr(DBusHead::kBytes + head.body_offset), "\1\0\0\0x\0"s);
    EXPECT_FALSE(reply_serial(head, message.substr(DBusHead::kBytes)));
}

TEST(DBusMessage, DamageIsAnErrorAndNothingWorse) {
    const std::string good = marshal_call(
        {.destination = "a.b", .path = "/p", .interface = "i.f", .member = "M", .texts = {"x"}}, 7);
    EXPECT_THROW(parse_head("l", 1'000), DBusError);
    EXPECT_THROW(parse_head(good, 10), DBusError) << "above the most";
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string bad = good;
            bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
            try {
                const auto head = parse_head(bad, 1'000);
                reply_serial(head, std::string_view(bad).substr(DBusHead::kBytes));
            } catch (const DBusError&) {
            }
        }
    }
}

TEST(DBusReader, ReadsEitherByteOrderAndStopsAtTheEnd) {
    using namespace std::string_literals;
    const auto short_text = "\0\0\0\2ab\0"s;
    DBusReader big(short_text, false);
    EXPECT_EQ(big.text(), "ab");
    EXPECT_THROW(big.byte(), DBusError);
    const auto long_text =
        "\xff\xff\xff\xff"
        "ab"s;
    EXPECT_THROW(DBusReader(long_text, true).text(), DBusError);
    const auto long_array = "\x10\0\0\0\0\0\0\0"s;
    EXPECT_THROW(DBusReader(long_array, true).array_end(8), DBusError);
}

class UnitCollectorTest : public ::testing::Test {
  protected:
    static UnitState unit(std::string name, std::string state,
                          std::optional<std::uint32_t> restarts = {}) {
        return {.name = std::move(name),
                .active_state = std::move(state),
                .path = {},
                .restarts = restarts};
    }

    std::optional<std::vector<UnitState>> states = std::vector<UnitState>{};
    bool answers = true;
    int asked = 0;
    ManualBootClock clock{1h};
    ReadFaults faults;
    UnitCollector collector{[this] {
                                ++asked;
                                if (!answers) throw std::runtime_error("silent");
                                return states;
                            },
                            faults, clock};
};

TEST_F(UnitCollectorTest, TellsOfServicesThatRunAndOfAllThatFailed) {
    states = {{unit("ssh.service", "active", 0), unit("cron.service", "reloading", 0),
               unit("done.service", "inactive"), unit("db.service", "failed", 3),
               unit("data.mount", "failed"), unit("home.mount", "active")}};
    const Samples samples = collect(collector);
    EXPECT_EQ(samples.value("system_units_failed_count"), 2);
    EXPECT_EQ(samples.value("unit_active", "ssh.service"), 1);
    EXPECT_EQ(samples.value("unit_active", "cron.service"), 1);
    EXPECT_EQ(samples.value("unit_active", "db.service"), 0);
    EXPECT_EQ(samples.value("unit_failed", "db.service"), 1);
    EXPECT_EQ(samples.value("unit_failed", "data.mount"), 1);
    EXPECT_TRUE(samples.is_null("unit_restarts_count", "db.service")) << "no earlier number";
    EXPECT_FALSE(samples.has("unit_active", "done.service"));
    EXPECT_FALSE(samples.has("unit_active", "home.mount"));
    EXPECT_FALSE(samples.has("unit_failed", "ssh.service"));
    EXPECT_FALSE(samples.has("unit_restarts_count", "ssh.service"));
}

TEST_F(UnitCollectorTest, RecoveryAndStopAreTold) {
    states = {{unit("a.service", "active", 0), unit("b.service", "failed", 0)}};
    collect(collector);
    clock.advance(60s);
    states = {{unit("a.service", "inactive"), unit("b.service", "active", 0)}};
    const Samples samples = collect(collector);
    EXPECT_EQ(samples.value("unit_active", "a.service"), 0);
    EXPECT_EQ(samples.value("unit_failed", "b.service"), 0);
    EXPECT_EQ(samples.value("system_units_failed_count"), 0);
    clock.advance(60s);
    states->clear();
    EXPECT_FALSE(collect(collector).has("unit_active", "a.service")) << "unloaded";
}

TEST_F(UnitCollectorTest, RestartsAreCountedOnce) {
    states = {{unit("a.service", "active", 0)}};
    collect(collector);
    const auto restarts_after = [&](std::uint32_t number) {
        clock.advance(60s);
        states = {{unit("a.service", "activating", number)}};
        return collect(collector).value("unit_restarts_count", "a.service");
    };
    EXPECT_EQ(restarts_after(4), 4);
    clock.advance(10s);
    EXPECT_EQ(collect(collector).value("unit_restarts_count", "a.service"), 0) << "not asked again";
    EXPECT_EQ(restarts_after(5), 1);
    EXPECT_EQ(restarts_after(2), 2) << "started by hand in between";
}

TEST_F(UnitCollectorTest, SilenceIsUnknownAndNotAskedForAgainSoon) {
    answers = false;
    EXPECT_TRUE(collect(collector).is_null("system_units_failed_count"));
    clock.advance(60s);
    EXPECT_TRUE(collect(collector).is_null("system_units_failed_count"));
    EXPECT_EQ(asked, 1);
    EXPECT_EQ(faults.by_errno().at(EIO), 1U);
    answers = true;
    clock.advance(UnitCollector::kAfterFault);
    EXPECT_EQ(collect(collector).value("system_units_failed_count"), 0);
}

TEST_F(UnitCollectorTest, WithoutAServiceManagerThereIsNothingToTell) {
    states.reset();
    EXPECT_TRUE(collect(collector).layout.empty());
    EXPECT_FALSE(ask_systemd("/no/such/socket"));
}

}  // namespace
}  // namespace chorus::agent
