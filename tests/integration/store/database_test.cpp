// The pool: limits, failures, recovery.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <thread>

#include "test_database.h"

namespace chorus::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Statement kOne{"test_one", "SELECT 1"};

std::ptrdiff_t open_descriptors() {
    return std::distance(std::filesystem::directory_iterator{"/proc/self/fd"},
                         std::filesystem::directory_iterator{});
}

// Sessions that the server has, once they are so many; a backend ends a moment after its client.
int sessions_soon(TestDatabase& database, int wanted) {
    const auto deadline = std::chrono::steady_clock::now() + seconds{20};
    for (;;) {
        const auto sessions = database.server().acquire()->execute_once(
            "SELECT count(*)::int FROM pg_stat_activity WHERE datname = '" + database.name() + "'");
        const int found = sessions[0].int4(0);
        if (found == wanted || std::chrono::steady_clock::now() > deadline) return found;
        std::this_thread::sleep_for(milliseconds{10});
    }
}

// Polls until the work succeeds; a recovery may take a back-off or two.
template <typename Work>
bool succeeds_within(seconds limit, Work work) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < deadline) {
        try {
            work();
            return true;
        } catch (const DatabaseUnavailable&) {
            std::this_thread::sleep_for(milliseconds{10});
        }
    }
    return false;
}

TEST(Database, FirstUseSetsUpTheSession) {
    TestDatabase test_database;
    Database database{test_database.options()};
    const auto lease = database.acquire();
    const auto rows = lease->execute_once(
        "SELECT current_setting('TimeZone'), current_setting('statement_timeout'),"
        " current_setting('application_name'), current_setting('synchronous_commit')");
    EXPECT_EQ(rows[0].text(0), "UTC");
    EXPECT_EQ(rows[0].text(1), "5s");
    EXPECT_EQ(rows[0].text(2), "chorus test");
    EXPECT_EQ(rows[0].text(3), "on");
}

TEST(Database, OpensOneConnectionForASession) {
    TestDatabase test_database;
    // Of connections that have ended: their figures are in then.
    const auto ended = [&]() -> std::optional<std::int64_t> {
        const auto rows = test_database.server().acquire()->execute_once(
            "SELECT sessions FROM pg_stat_database WHERE numbackends = 0 AND datname = '" +
            test_database.name() + "'");
        if (rows.size() == 0) return std::nullopt;
        return rows[0].int8(0);
    };
    std::optional<std::int64_t> before, after;
    ASSERT_TRUE(succeeds_within(seconds{20}, [&] {
        if (!(before = ended())) throw DatabaseUnavailable("somebody is connected");
    }));
    {
        Database database{test_database.options()};
        EXPECT_EQ(database.acquire()->execute(kOne)[0].int4(0), 1);
    }
    ASSERT_TRUE(succeeds_within(seconds{20}, [&] {
        after = ended();
        if (!after || *after == *before) throw DatabaseUnavailable("it has not ended yet");
    }));
    EXPECT_EQ(*after - *before, 1);
}

TEST(Database, WeakerCommitIsRaisedAndStrongerIsKept) {
    TestDatabase test_database;
    const auto setting = [&](const std::string& value) {
        test_database.server().acquire()->execute_once("ALTER DATABASE " + test_database.name() +
                                                       " SET synchronous_commit = " + value);
        Database database{test_database.options()};
        const auto lease = database.acquire();
        return std::string{
            lease->execute_once("SELECT current_setting('synchronous_commit')")[0].text(0)};
    };
    EXPECT_EQ(setting("off"), "on");
    EXPECT_EQ(setting("remote_apply"), "remote_apply");
}

TEST(Database, ExhaustedPoolWaitsAndThenSaysSo) {
    TestDatabase test_database;
    auto options = test_database.options(1);
    options.acquire_timeout = milliseconds{50};
    Database database{options};
    {
        const auto held = database.acquire();
        EXPECT_THROW((void)database.acquire(), DatabaseUnavailable);
    }
    EXPECT_NO_THROW((void)database.acquire());

    options.acquire_timeout = seconds{20};
    Database patient{options};
    auto held = std::make_unique<Database::Lease>(patient.acquire());
    std::thread waiter{[&] { EXPECT_EQ(patient.acquire()->execute(kOne)[0].int4(0), 1); }};
    held.reset();
    waiter.join();
    EXPECT_EQ(sessions_soon(test_database, 2), 2);  // one of each pool
}

TEST(Database, SessionLeftInsideATransactionIsClosed) {
    TestDatabase test_database;
    Database database{test_database.options(2)};
    {
        const auto lease = database.acquire();
        lease->execute_script("BEGIN");
    }
    EXPECT_EQ(sessions_soon(test_database, 0), 0);
    EXPECT_FALSE(database.acquire()->in_transaction());
}

TEST(Database, KilledSessionsAreReplacedUnnoticedByReads) {
    TestDatabase test_database;
    Database database{test_database.options(4)};
    {
        const auto a = database.acquire();
        const auto b = database.acquire();
        const auto c = database.acquire();
        for (const auto* lease : {&a, &b, &c}) (*lease)->execute(kOne);
    }
    EXPECT_EQ(sessions_soon(test_database, 3), 3);
    const auto kill =
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '" +
        test_database.name() + "'";
    test_database.server().acquire()->execute_once(kill);
    EXPECT_EQ(database.read([](Session& session) { return session.execute(kOne)[0].int4(0); }), 1);

    // Killed while on loan: the statement fails once, a read is tried again on a new session.
    int attempts = 0;
    const auto answer = database.read([&](Session& session) {
        if (++attempts == 1) test_database.server().acquire()->execute_once(kill);
        return session.execute(kOne)[0].int4(0);
    });
    EXPECT_EQ(answer, 1);
    EXPECT_EQ(attempts, 2);
}

TEST(Database, KilledSessionsLeakNoDescriptor) {
    TestDatabase test_database;
    Database database{test_database.options(1)};
    const auto kill_and_recover = [&] {
        const auto backend = database.read([](Session& session) {
            return session.execute_once("SELECT pg_backend_pid()")[0].int4(0);
        });
        test_database.server().acquire()->execute_once("SELECT pg_terminate_backend($1, 5000)",
                                                       Parameters{}.int4(backend));
    };
    kill_and_recover();
    database.acquire()->execute(kOne);
    const auto before = open_descriptors();
    for (int i = 0; i < 20; ++i) kill_and_recover();
    database.acquire()->execute(kOne);
    EXPECT_EQ(open_descriptors(), before);
}

TEST(Database, ComesBackByItselfAfterTheServerWasAway) {
    TestDatabase test_database;
    Database database{test_database.options(2)};
    database.acquire()->execute(kOne);
    const auto allow = [&](bool yes) {
        const auto lease = test_database.server().acquire();
        lease->execute_once("ALTER DATABASE " + test_database.name() + " ALLOW_CONNECTIONS " +
                            (yes ? "true" : "false"));
        if (yes) return;
        lease->execute_once(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = '" +
            test_database.name() + "'");
    };
    allow(false);
    for (int i = 0; i < 20; ++i) {
        EXPECT_THROW((void)database.read([](Session& s) { return s.execute(kOne).size(); }),
                     DatabaseUnavailable);
    }
    EXPECT_EQ(sessions_soon(test_database, 0), 0);
    allow(true);
    EXPECT_TRUE(succeeds_within(seconds{20}, [&] { database.acquire()->execute(kOne); }));
}

TEST(Database, FailedConnectionsLeakNoDescriptor) {
    TestDatabase test_database;
    auto missing_server = test_database.options();
    missing_server.url = "postgresql:///x?host=/nonexistent&user=chorus";
    auto missing_database = test_database.options();
    missing_database.url.replace(missing_database.url.find(test_database.name()),
                                 test_database.name().size(), "chorus_no_such_database");
    const auto attempt = [&] {
        for (const auto& options : {missing_server, missing_database}) {
            Database database{options};
            EXPECT_THROW((void)database.acquire(), DatabaseUnavailable);
        }
    };
    attempt();
    const auto before = open_descriptors();
    for (int i = 0; i < 20; ++i) attempt();
    EXPECT_EQ(open_descriptors(), before);
}

TEST(Database, PasswordReachesTheServerAndNothingElse) {
    TestDatabase test_database;
    const std::string password = "pa:ss wo\\rd'%/@";
    test_database.server().acquire()->execute_script(
        "DROP ROLE IF EXISTS chorus_password_test;"
        " CREATE ROLE chorus_password_test LOGIN PASSWORD 'pa:ss wo\\rd''%/@'");
    auto options = test_database.options();
    const auto host = options.url.find("host=");
    options.url = "postgresql://chorus_password_test:pa%3Ass%20wo%5Crd%27%25%2F%40@/" +
                  test_database.name() + "?" +
                  options.url.substr(host, options.url.find('&', host) - host);
    {
        Database database{options};
        const auto lease = database.acquire();
        EXPECT_EQ(lease->execute_once("SELECT current_user")[0].text(0), "chorus_password_test");
    }
    const auto target = parse_database_url(options.url);
    EXPECT_THAT(target.connection, testing::Not(testing::HasSubstr("pa:ss")));
    EXPECT_THAT(target.connection, testing::Not(testing::HasSubstr("rd'")));
    EXPECT_THAT(target.connection, testing::HasSubstr("passfile=/proc/self/fd/"));
    options.url = "postgresql://chorus_password_test:canary-secret@/no_such_database?" +
                  options.url.substr(options.url.find("host="));
    Database wrong{options};
    try {
        (void)wrong.acquire();
        FAIL() << "connected to a database that does not exist";
    } catch (const DatabaseUnavailable& e) {
        EXPECT_THAT(std::string{e.what()}, testing::Not(testing::HasSubstr("canary-secret")));
    }
    test_database.server().acquire()->execute_script("DROP ROLE chorus_password_test");
}

TEST(Database, NamesWithBlanksAndQuotesWork) {
    TestDatabase test_database;
    const std::string odd = "odd 'name' of " + test_database.name();
    test_database.server().acquire()->execute_once("CREATE DATABASE \"" + odd + "\"");
    {
        auto options = test_database.options();
        options.url.replace(options.url.find(test_database.name()), test_database.name().size(),
                            "odd%20%27name%27%20of%20" + test_database.name());
        Database database{options};
        const auto lease = database.acquire();
        EXPECT_EQ(lease->execute_once("SELECT current_database()")[0].text(0), odd);
    }
    test_database.server().acquire()->execute_once("DROP DATABASE \"" + odd + "\" WITH (FORCE)");
}

}  // namespace
}  // namespace chorus::store
