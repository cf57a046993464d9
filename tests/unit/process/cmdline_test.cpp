#include "agent/process/cmdline.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/text.h"

namespace chorus::agent {
namespace {

// Arguments parted by "|" as the kernel gives them.
std::string raw(std::string text) {
    for (char& c : text) {
        if (c == '|') c = '\0';
    }
    return text + '\0';
}

std::string redacted(const std::string& text) {
    return readable_cmdline(raw(text), CmdlineMode::redacted);
}

TEST(Cmdline, ModesAreNoneRedactedAndFull) {
    const std::string line = raw("mysql|--password=hunter2|db");
    EXPECT_EQ(readable_cmdline(line, CmdlineMode::none), "");
    EXPECT_EQ(readable_cmdline(line, CmdlineMode::redacted), "mysql --password=*** db");
    EXPECT_EQ(readable_cmdline(line, CmdlineMode::full), "mysql --password=hunter2 db");
}

TEST(Cmdline, WhatIsNoSecretStays) {
    for (const char* line :
         {"/usr/lib/postgresql/15/bin/postgres|-D|/var/lib/postgresql/15/main",
          "nginx: worker process", "java|-Xmx4g|-jar|/opt/app/server-1.2.3.jar",
          "postgres: app orders 10.0.0.5(41234) idle", "python3|-m|http.server|8000",
          "/usr/bin/dockerd|-H|fd://|--containerd=/run/containerd/containerd.sock",
          "psql|postgresql://reader@db.example.org/orders",
          "tool|123e4567-e89b-12d3-a456-426614174000"}) {
        std::string shown(line);
        for (char& c : shown) {
            if (c == '|') c = ' ';
        }
        EXPECT_EQ(redacted(line), shown);
    }
}

TEST(Cmdline, PlantedSecretsAreFoundNowhere) {
    for (const char* line : {"mysql|-pCANARY",
                             "mysql|--password=CANARY|db",
                             "mysql|--password|CANARY|db",
                             "tool|--db-password|CANARY with blanks",
                             "tool|--password=CANARY with CANARY blanks",
                             "tool|-password:CANARY",
                             "sshpass|-p|CANARY|ssh|host",
                             "redis-cli|-a|CANARY|ping",
                             "curl|-u|bob:CANARY|https://example.org",
                             "curl|-ubob:CANARY|x",
                             "curl|--user|bob:CANARY|https://example.org",
                             "curl|-H|Authorization: Bearer CANARY|https://example.org",
                             "curl|-H|Authorization: Basic CANARY",
                             "curl|-H|X-Api-Key: CANARY",
                             "curl|-H|X-Api-Key:CANARY",
                             "psql|postgresql://bob:CANARY@db/orders",
                             "psql|postgresql://bob:CAN/CANARY@x@db/orders",
                             "psql|postgresql://bob:CAN&CANARY@db/orders",
                             "psql|host=db user=bob password=CANARY dbname=x",
                             "psql|postgres://h/d?password=CANARY&x=1",
                             "app|--url=amqp://bob:CANARY@queue:5672/",
                             "env|PGPASSWORD=CANARY|psql",
                             "env|ANYTHING=CANARY|app",
                             "sh|-c|PGPASSWORD='CANARY CANARY' psql -h db",
                             "sh|-c|mysql -pCANARY -e 'select 1'",
                             "sh|-c|mysql --password='CANARY CANARY' db",
                             "sh|-c|curl -H \"Authorization: Bearer CANARY\" x",
                             "app|--jwt|CANARY",
                             "app|--secret-id=CANARY",
                             "app|--credentials|CANARY",
                             "app|--auth-token=CANARY",
                             "app|--ssh-key|CANARY",
                             "app|token|CANARY",
                             "app|password:|CANARY",
                             "app|--aws-secret-access-key=CANARY"}) {
        EXPECT_EQ(redacted(line).find("CANARY"), std::string::npos) << redacted(line);
        EXPECT_NE(redacted(line).find("***"), std::string::npos) << line;
    }
}

TEST(Cmdline, WordsThatLookLikeKeysAreHidden) {
    for (const char* key :
         {"AKIAIOSFODNN7EXAMPLE", "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
          "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY",
          "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
          "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
          "c2VjcmV0IHNlY3JldCBzZWNyZXQx=="}) {
        EXPECT_EQ(redacted(std::string("app|") + key).find(key), std::string::npos) << key;
        EXPECT_EQ(redacted(std::string("app|--x=") + key).find(key), std::string::npos) << key;
    }
}

TEST(Cmdline, IsCutAtABoundOfACharacterAndValid) {
    std::string line = "app|";
    while (line.size() < 3'000) line += "\xc3\xa4";
    const std::string shown = readable_cmdline(raw(line), CmdlineMode::full);
    EXPECT_LE(shown.size(), kCmdlineBytes);
    EXPECT_GE(shown.size(), kCmdlineBytes - 3);
    EXPECT_FALSE(find_invalid_utf8(shown));
    const std::string bytes = readable_cmdline(raw("a\xff\x1b[31m|b\nc"), CmdlineMode::full);
    EXPECT_FALSE(find_invalid_utf8(bytes));
    EXPECT_EQ(bytes.find('\x1b'), std::string::npos);
    EXPECT_EQ(bytes.find('\n'), std::string::npos);
}

TEST(Cmdline, EmptyOneIsEmpty) {
    EXPECT_EQ(readable_cmdline("", CmdlineMode::redacted), "");
    EXPECT_EQ(readable_cmdline(std::string(5, '\0'), CmdlineMode::redacted), "");
}

}  // namespace
}  // namespace chorus::agent
