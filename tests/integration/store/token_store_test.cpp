// Tokens that end: sessions of browsers, and what becomes of them.
#include "aggregator/access/token_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aggregator/schema/migrator.h"
#include "test_database.h"

namespace chorus::store {
namespace {

using std::chrono::hours;

std::string hash_of(char letter) {
    return std::string(32, letter);
}

class TokensTest : public testing::Test {
  protected:
    TokenRow add(char letter, const std::string& role, bool is_session = false) {
        return insert_token(
            *database_.pool().acquire(),
            {.name = {letter},
             .role = role,
             .hash = hash_of(letter),
             .valid_for =
                 is_session ? std::optional<std::chrono::seconds>{hours{12}} : std::nullopt,
             .is_session = is_session});
    }
    std::optional<TokenRow> replace(const TokenRow& token, char letter) {
        return replace_token(*database_.pool().acquire(), token.token_id, hash_of(letter),
                             hours{1});
    }

    FilledDatabase database_;
};

TEST_F(TokensTest, ASessionIsNotReplacedByATokenThatDoesNotEnd) {
    const auto session = add('s', "admin", true);
    EXPECT_TRUE(session.is_session);
    EXPECT_FALSE(replace(session, 't'));
    const auto tokens = TokenStore{database_.pool()}.list();
    ASSERT_EQ(tokens.size(), 1U);
    EXPECT_EQ(tokens[0].expires_at, session.expires_at);
    // One that ends because it was replaced is no session.
    const auto admin = add('a', "admin");
    EXPECT_FALSE(admin.is_session);
    for (const char letter : {'b', 'c'}) {
        const auto next = replace(admin, letter);
        ASSERT_TRUE(next) << letter;
        EXPECT_EQ(next->expires_at, std::nullopt);
    }
}

// Those that were begun before sessions were marked.
TEST(TokensBeforeSessionsWereMarked, AreKnownByTheirLife) {
    TestDatabase test_database;
    Database database{test_database.options()};
    auto earlier = embedded_migrations();
    while (earlier.back().version >= 25) earlier = earlier.first(earlier.size() - 1);
    Migrator{database, earlier}.apply();
    database.acquire()->execute_script(
        "INSERT INTO monitoring.tokens (name, role, hash, created_at, expires_at)"
        " SELECT n, role, decode(repeat(n, 32), 'hex'), t, t + life FROM now() AS t, (VALUES"
        "  ('01', 'admin', interval '12 hours'), ('02', 'admin', interval '13 hours'),"
        "  ('03', 'admin', NULL), ('04', 'viewer', interval '12 hours')) AS v (n, role, life)");
    Migrator{database}.apply();
    std::string sessions;
    for (const auto& token : TokenStore{database}.list()) {
        if (token.is_session) sessions += token.name;
    }
    EXPECT_EQ(sessions, "01");
}

}  // namespace
}  // namespace chorus::store
