// What a transaction promises when it fails, and what a statement that fails leaves of its session.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_database.h"

namespace chorus::store {
namespace {

using std::chrono::milliseconds;

constexpr Statement kSelectOne{"test_one", "SELECT 1"};

TEST(Transaction, RollsBackUnlessCommitted) {
    TestDatabase test_database;
    Database database{test_database.options()};
    const auto session = database.acquire();
    session->execute_script("CREATE TABLE public.t (n int PRIMARY KEY)");
    {
        Transaction transaction{*session};
        session->execute_once("INSERT INTO public.t VALUES (1)");
    }
    EXPECT_FALSE(session->in_transaction());
    {
        Transaction transaction{*session};
        session->execute_once("INSERT INTO public.t VALUES (2)");
        transaction.commit();
    }
    const auto rows = session->execute_once("SELECT n FROM public.t");
    ASSERT_EQ(rows.size(), 1);
    EXPECT_EQ(rows[0].int4(0), 2);
}

TEST(Transaction, CommitOfAnAbortedTransactionFails) {
    TestDatabase test_database;
    Database database{test_database.options()};
    const auto session = database.acquire();
    session->execute_script("CREATE TABLE public.t (n int PRIMARY KEY)");
    Transaction transaction{*session};
    session->execute_once("INSERT INTO public.t VALUES (1)");
    try {
        session->execute_once("INSERT INTO public.t VALUES (1)");
        FAIL() << "a second row with one key";
    } catch (const DatabaseError& e) {
        EXPECT_EQ(e.sqlstate(), sqlstate::kUniqueViolation);
        EXPECT_EQ(dynamic_cast<const DatabaseUnavailable*>(&e), nullptr);
    }
    EXPECT_THROW(transaction.commit(), DatabaseError);
}

TEST(Transaction, RefusalAtCommitIsCertainAndLossAtCommitIsNot) {
    TestDatabase test_database;
    Database database{test_database.options()};
    {
        const auto session = database.acquire();
        session->execute_script(
            "CREATE TABLE public.t (n int UNIQUE DEFERRABLE INITIALLY DEFERRED);"
            "CREATE FUNCTION public.die() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5);"
            " RETURN NULL; END';"
            "CREATE TABLE public.deadly (n int);"
            "CREATE CONSTRAINT TRIGGER die AFTER INSERT ON public.deadly"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.die()");
        Transaction transaction{*session};
        session->execute_once("INSERT INTO public.t VALUES (1), (1)");
        try {
            transaction.commit();
            FAIL() << "committed two rows with one key";
        } catch (const DatabaseUnavailable&) {
            FAIL() << "a refusal was taken for a lost connection";
        } catch (const DatabaseError&) {
        }
    }
    {
        const auto session = database.acquire();
        Transaction transaction{*session};
        session->execute_once("INSERT INTO public.deadly VALUES (1)");
        EXPECT_THROW(transaction.commit(), CommitOutcomeUnknown);
    }
    EXPECT_EQ(database.acquire()->execute(kSelectOne)[0].int4(0), 1);
}

TEST(Session, StatementTimeoutIsAnErrorButKeepsTheSession) {
    TestDatabase test_database;
    auto options = test_database.options(1);
    options.statement_timeout = milliseconds{50};
    Database database{options};
    const auto session = database.acquire();
    try {
        session->execute_once("SELECT pg_sleep(30)");
        FAIL() << "not cancelled";
    } catch (const DatabaseError& e) {
        EXPECT_EQ(e.sqlstate(), sqlstate::kQueryCanceled);
    }
    EXPECT_TRUE(session->healthy());
    EXPECT_EQ(session->execute(kSelectOne)[0].int4(0), 1);
}

TEST(Session, TwoStatementsOfOneNameAreAMistake) {
    TestDatabase test_database;
    Database database{test_database.options()};
    const auto session = database.acquire();
    session->execute(kSelectOne);
    EXPECT_THROW(session->execute(Statement{"test_one", "SELECT 2"}), std::logic_error);
}

}  // namespace
}  // namespace chorus::store
