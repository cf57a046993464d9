#include "aggregator/postgres/database_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace chorus::store {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string content(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream{path}.rdbuf();
    return text.str();
}

TEST(DatabaseUrl, EveryPartFindsItsPlace) {
    for (const auto* scheme : {"postgresql", "postgres", "postgresql+asyncpg"}) {
        const auto target = parse_database_url(
            std::string{scheme} + "://monitor:secret@db.example:5433/chorus_monitoring");
        EXPECT_THAT(target.connection, HasSubstr("host=db.example"));
        EXPECT_THAT(target.connection, HasSubstr("port=5433"));
        EXPECT_THAT(target.connection, HasSubstr("user=monitor"));
        EXPECT_THAT(target.connection, HasSubstr("dbname=chorus_monitoring"));
        EXPECT_THAT(target.connection, Not(HasSubstr("secret")));
        EXPECT_EQ(target.description, "db.example:5433/chorus_monitoring");
        EXPECT_EQ(content(target.password_file.path()), "*:*:*:*:secret\n");
    }
}

TEST(DatabaseUrl, SocketsHostListsAndIpv6) {
    EXPECT_THAT(parse_database_url("postgresql:///chorus?host=/run/postgresql").connection,
                HasSubstr("host=/run/postgresql"));
    EXPECT_THAT(parse_database_url("postgresql://%2Frun%2Fpostgresql/chorus").connection,
                HasSubstr("host=/run/postgresql"));
    const auto several = parse_database_url("postgresql://a:1,b/x?target_session_attrs=read-write");
    EXPECT_THAT(several.connection, HasSubstr("host=a,b"));
    EXPECT_THAT(several.connection, HasSubstr("port=1,5432"));
    const auto ipv6 = parse_database_url("postgresql://u@[::1]:5499/x");
    EXPECT_THAT(ipv6.connection, HasSubstr("host=::1"));
    EXPECT_THAT(ipv6.connection, HasSubstr("port=5499"));
    EXPECT_THAT(parse_database_url("postgresql+asyncpg://h/x?ssl=require").connection,
                HasSubstr("sslmode=require"));
}

TEST(DatabaseUrl, PasswordMayHoldAnySign) {
    const auto target = parse_database_url("postgresql://u:a%3Ab%5C%20%40%2F@h/x");
    EXPECT_EQ(content(target.password_file.path()), "*:*:*:*:a\\:b\\\\ @/\n");
    EXPECT_EQ(content(parse_database_url("postgresql://h/x?password=p").password_file.path()),
              "*:*:*:*:p\n");
}

TEST(DatabaseUrl, FaultsAreToldWithoutTheUrl) {
    for (const auto* url :
         {"", "localhost", "mysql://u:hunter2@h/x", "postgresql://u:hunter2%zz@h/x",
          "postgresql://u:hunter2@h:port/x", "postgresql://u:hunter2@h/x?no_such_setting=1",
          "postgresql://u:hunter2%0A@h/x", "postgresql://u:hunter2@[::1/x",
          "postgresql://u:hunter2@h/x?sslmode"}) {
        try {
            (void)parse_database_url(url);
            ADD_FAILURE() << "accepted " << url;
        } catch (const std::invalid_argument& e) {
            EXPECT_THAT(std::string{e.what()}, Not(HasSubstr("hunter2")));
        }
    }
}

}  // namespace
}  // namespace chorus::store
