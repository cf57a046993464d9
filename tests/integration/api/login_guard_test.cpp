// What tokens that are not good cost, and that others do not pay for it.
#include "aggregator/api/login_guard.h"

#include <gtest/gtest.h>

#include "aggregator/api/token.h"
#include "aggregator/api/token_authenticator.h"
#include "aggregator/http/response.h"
#include "aggregator/store/database_error.h"
#include "tests/integration/store/test_database.h"

namespace chorus::api {
namespace {

using http::FailureTable;
using std::chrono::seconds;

class Logins : public ::testing::Test {
  protected:
    // The status that a request with this token from this address gets.
    int status(const std::string& token, const std::string& address = "192.0.2.1") {
        try {
            return authenticator.authenticate(token, address) ? 200 : 401;
        } catch (const http::HttpError& e) {
            if (e.status() == 429) {
                EXPECT_GT(e.retry_after_seconds().value_or(0), 0);
            }
            return e.status();
        }
    }
    std::string made(const std::string& role) {
        std::string token = make_token(role);
        tokens.create("t", role, hash_token(token));
        return token;
    }
    void fail_too_often() {
        for (int i = 0; i < FailureTable::kMostFailures; ++i) {
            EXPECT_EQ(status(make_token("viewer")), 401);
        }
        EXPECT_EQ(status(make_token("viewer")), 429);
    }

    store::FilledDatabase database;
    store::TokenStore tokens{database.pool()};
    ManualClock clock{*parse_timestamp("2026-01-15T10:00:00Z")};
    MetricsRegistry metrics;
    LoginGuard guard{database.pool(), clock, metrics};
    TokenAuthenticator authenticator{database.pool(), clock, guard};
};

TEST_F(Logins, WhoFailsTooOftenIsRefusedUntilTheMinuteIsOver) {
    fail_too_often();
    EXPECT_EQ(status(make_token("viewer"), "192.0.2.2"), 401);
    clock.advance(seconds{59});
    EXPECT_EQ(status("no token at all"), 429);
    clock.advance(seconds{1});
    EXPECT_EQ(status("no token at all"), 401);
    const std::string shown = metrics.expose(false);
    const std::string refused = std::to_string(FailureTable::kMostFailures + 2);
    EXPECT_NE(shown.find("failed_logins_total{code=\"401\"} " + refused), std::string::npos)
        << shown;
    EXPECT_NE(shown.find("failed_logins_total{code=\"429\"} 2"), std::string::npos);
}

TEST_F(Logins, ValidTokensPassFromAnAddressThatFailedTooOften) {
    const std::string agent = made("agent"), viewer = made("viewer");
    fail_too_often();
    EXPECT_EQ(status(agent), 200);
    EXPECT_EQ(status(viewer), 200);
    const std::string young = made("viewer");
    clock.advance(seconds{1});
    EXPECT_EQ(status(young), 200);
    database.run("UPDATE monitoring.tokens SET revoked_at = now()");
    clock.advance(seconds{1});
    EXPECT_EQ(status(viewer), 429);
}

TEST_F(Logins, WhoFailsTooOftenCostsNoQuery) {
    fail_too_often();
    database.run("ALTER TABLE monitoring.tokens RENAME TO tokens_away");
    EXPECT_EQ(status(make_token("viewer")), 429);
    // Others are still looked up, so this would be seen.
    EXPECT_THROW(status(make_token("viewer"), "192.0.2.2"), store::DatabaseError);
}

}  // namespace
}  // namespace chorus::api
