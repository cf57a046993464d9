// What tokens that are not good cost, and that others do not pay for it.
#include "aggregator/api/access/login_guard.h"

#include <gtest/gtest.h>

#include "aggregator/api/access/token.h"
#include "aggregator/api/access/token_authenticator.h"
#include "aggregator/http/response.h"
#include "aggregator/postgres/database_error.h"
#include "tests/integration/store/test_database.h"

namespace chorus::api {
namespace {

using http::FailureTable;
using std::chrono::seconds;

class Logins : public ::testing::Test {
  protected:
    // The status that a request with this token from this address gets.
    int status(const std::string& token, const std::string& address = "192.0.2.1",
               http::Verified verified = http::Verified::now) {
        try {
            return authenticator.authenticate(token, address, verified) ? 200 : 401;
        } catch (const http::HttpError& e) {
            if (e.status() == 429) {
                EXPECT_GT(e.retry_after_seconds().value_or(0), 0);
            }
            return e.status();
        }
    }
    std::string made(const std::string& role) {
        std::string token = make_token(role);
        store::insert_token(*database.pool().acquire(),
                            {.name = "t", .role = role, .hash = hash_token(token)});
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
    TokenMemory memory{clock};
    TokenAuthenticator authenticator{database.pool(), clock, guard, memory};
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

class Outage : public Logins {
  protected:
    int lately(const std::string& token) {
        return status(token, "192.0.2.1", http::Verified::lately);
    }
    std::int64_t id_of(const std::string& token) {
        return tokens.find_by_hash(hash_token(token)).value().token_id;
    }
    // Connections to the database are ended and refused.
    void go_away() {
        auto session = database.server().acquire();
        session->execute_once("ALTER DATABASE \"" + database.name() + "\" ALLOW_CONNECTIONS false");
        session->execute_once(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" +
            database.name() + "'");
    }
};

TEST_F(Outage, ATokenThatWasGoodLatelyWillDoWhereThatIsEnough) {
    const std::string used = made("viewer"), unused = made("viewer"), bad = make_token("viewer");
    EXPECT_EQ(status(used), 200);
    EXPECT_EQ(status(bad), 401);
    go_away();
    clock.advance(seconds{299});
    EXPECT_EQ(lately(used), 200);
    EXPECT_EQ(lately(used), 200) << "which is no verification";
    EXPECT_EQ(lately(bad), 401);
    EXPECT_EQ(lately(unused), 503);
    EXPECT_EQ(lately(make_token("viewer")), 503);
    EXPECT_EQ(status(used), 503) << "everywhere else";
    clock.advance(seconds{1});
    EXPECT_EQ(lately(used), 503);
}

TEST_F(Outage, ATokenThatHasEndedIsNotTakenForGood) {
    const std::string known = made("viewer"), here = made("viewer"),
                      expiring = make_token("viewer");
    {
        auto session = database.pool().acquire();
        store::insert_token(*session, {.name = "t",
                                       .role = "viewer",
                                       .hash = hash_token(expiring),
                                       .valid_for = std::chrono::hours{1}});
    }
    for (const auto& token : {known, here, expiring}) EXPECT_EQ(status(token), 200);
    tokens.revoke(id_of(known));
    memory.forget(id_of(here));
    clock.advance(seconds{1});
    EXPECT_EQ(status(known), 401);
    go_away();
    EXPECT_EQ(lately(known), 401);
    EXPECT_EQ(lately(here), 401);
    EXPECT_EQ(lately(expiring), 200);
    // The clock of this test is behind that of the database, which goes on.
    clock.step_wall(
        std::chrono::floor<std::chrono::microseconds>(SystemClock{}.now() - clock.now()) +
        std::chrono::hours{2});
    EXPECT_EQ(lately(expiring), 401);
}

TEST_F(Outage, WhoAskedBeforeARevocationDoesNotBringTheTokenBack) {
    http::Principal principal;
    principal.token_id = 7;
    memory.note("hash", {.principal = principal, .verified = clock.steady()});
    memory.forget(7);
    memory.note("hash", {.principal = principal, .verified = clock.steady()});
    EXPECT_FALSE(memory.find("hash", TokenMemory::kLongest).value().principal);
}

TEST_F(Outage, AFloodOfBadTokensPushesNoGoodOneOut) {
    http::Principal principal;
    principal.token_id = 7;
    memory.note("good", {.principal = principal, .verified = clock.steady()});
    for (std::size_t i = 0; i < TokenMemory::kMost + 10; ++i) {
        memory.note(std::to_string(i), {.verified = clock.steady()});
    }
    EXPECT_TRUE(memory.find("good", TokenMemory::kLongest).value().principal);
}

}  // namespace
}  // namespace chorus::api
