// The schema comes into being on every kind of database.
#include "aggregator/schema/migrator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "test_database.h"

namespace chorus::store {
namespace {

using testing::HasSubstr;

std::int64_t number(Database& database, const std::string& sql) {
    const auto rows = database.acquire()->execute_once(sql);
    return rows[0].int8(0);
}

std::string text(Database& database, const std::string& sql) {
    const auto rows = database.acquire()->execute_once(sql);
    return std::string{rows[0].text(0)};
}

int known() {
    return static_cast<int>(embedded_migrations().size());
}

TEST(Migrator, FreshDatabaseGetsEverythingOnce) {
    TestDatabase test_database;
    Database database{test_database.options()};
    Migrator migrator{database};
    for (const auto& line : migrator.status()) EXPECT_FALSE(line.applied_at);
    EXPECT_EQ(migrator.apply(), known());
    EXPECT_EQ(migrator.apply(), 0);
    ASSERT_EQ(static_cast<int>(migrator.status().size()), known());
    for (const auto& line : migrator.status()) EXPECT_TRUE(line.applied_at) << line.name;
    for (const auto* relation : {"hosts", "system_batches", "process_batches", "system_metrics",
                                 "process_metrics", "alerts", "alert_rules", "alert_transitions"}) {
        EXPECT_EQ(number(database, std::string{"SELECT count(*) FROM monitoring."} + relation), 0);
    }
}

TEST(Migrator, TwoProgramsAtOnceApplyEachMigrationOnce) {
    TestDatabase test_database;
    Database first{test_database.options()};
    Database second{test_database.options()};
    int by_first = 0;
    int by_second = 0;
    std::thread a{[&] { by_first = Migrator{first}.apply(); }};
    std::thread b{[&] { by_second = Migrator{second}.apply(); }};
    a.join();
    b.join();
    EXPECT_EQ(by_first + by_second, known());
    EXPECT_EQ(number(first, "SELECT count(*) FROM monitoring.schema_migrations"), known());
}

TEST(Migrator, FailedMigrationLeavesNothingAndIsTriedAgain) {
    TestDatabase test_database;
    Database database{test_database.options()};
    const Migration good{1, "0001_good", "CREATE TABLE monitoring.good (n int)"};
    const Migration bad{2, "0002_bad", "CREATE TABLE monitoring.half (n int); SELECT 1 / 0"};
    const Migration mended{2, "0002_bad", "CREATE TABLE monitoring.half (n int)"};
    const Migration with_fault[] = {good, bad};
    EXPECT_THROW(Migrator(database, with_fault).apply(), DatabaseError);
    EXPECT_EQ(number(database, "SELECT count(*) FROM monitoring.schema_migrations"), 1);
    EXPECT_EQ(number(database, "SELECT count(*) FROM pg_class WHERE relname = 'half'"), 0);
    const Migration without_fault[] = {good, mended};
    EXPECT_EQ(Migrator(database, without_fault).apply(), 1);
}

TEST(Migrator, NewerOrChangedSchemaIsRefused) {
    TestDatabase test_database;
    Database database{test_database.options()};
    const Migration now[] = {{1, "0001_a", "SELECT 1"}, {2, "0002_b", "SELECT 2"}};
    Migrator(database, now).apply();
    const auto complaint = [&](std::span<const Migration> migrations) -> std::string {
        try {
            Migrator(database, migrations).apply();
        } catch (const SchemaMismatch& e) {
            return e.what();
        }
        return "";
    };
    EXPECT_THAT(complaint(std::span{now}.first(1)), HasSubstr("newer release"));
    const Migration changed[] = {{1, "0001_a", "SELECT 3"}, {2, "0002_b", "SELECT 2"}};
    EXPECT_THAT(complaint(changed), HasSubstr("0001_a of the database differs"));
    EXPECT_EQ(complaint(now), "");
    EXPECT_EQ(Migrator(database, std::span{now}.first(1)).status().back().name, "0002_b");
}

TEST(Migrator, EmbeddedMigrationsAreNumberedInGrowingOrder) {
    int last = 0;
    for (const auto& migration : embedded_migrations()) {
        EXPECT_GT(migration.version, last);
        last = migration.version;
        EXPECT_THAT(std::string{migration.sql}, HasSubstr("--"));
    }
}

// The original service's tables, as far as its users have seen them: `zone` is "with" or "without".
std::string original_tables(const std::string& schema, const std::string& zone) {
    const std::string time = " timestamp " + zone + " time zone";
    const auto table = [&](const std::string& name) { return schema + "." + name; };
    return "CREATE SCHEMA IF NOT EXISTS " + schema + ";" + "CREATE TABLE " +
           table("system_metrics") +
           " (id uuid PRIMARY KEY, hostname varchar(255) NOT NULL, metric_type varchar(100),"
           " metric_value numeric(15,4), metric_unit varchar(50), tags json, \"timestamp\"" +
           time + ", created_at" + time +
           ");"
           "CREATE INDEX system_batches_ts ON " +
           table("system_metrics") +
           " (\"timestamp\");"
           "CREATE TABLE " +
           table("process_metrics") +
           " (id uuid PRIMARY KEY, process_id int, process_name varchar(255), hostname "
           "varchar(255),"
           " cpu_percent numeric(5,2), \"timestamp\"" +
           time +
           ");"
           "CREATE TABLE " +
           table("alerts") +
           " (id uuid PRIMARY KEY, alert_type varchar(100), severity varchar(50), source "
           "varchar(255),"
           " title varchar(255), description text, alert_metadata json, status varchar(50),"
           " acknowledged_at" +
           time + ", acknowledged_by varchar(255), resolved_at" + time +
           ", resolved_by varchar(255), created_at" + time + ", updated_at" + time +
           ");"
           "CREATE INDEX alerts_created_at ON " +
           table("alerts") +
           " (created_at);"
           "CREATE TABLE " +
           table("alert_rules") +
           " (id uuid PRIMARY KEY, name varchar(255) UNIQUE, description text, rule_type "
           "varchar(100),"
           " condition json, severity varchar(50), notification_channels json, cooldown_minutes "
           "int,"
           " is_active boolean, created_at" +
           time + ", updated_at" + time +
           ");"
           "INSERT INTO " +
           table("system_metrics") +
           " VALUES (gen_random_uuid(), 'old', 'cpu_usage_percent', 42.5, 'percent', '{}',"
           " '2024-01-15 10:30:45.123', now());"
           "INSERT INTO " +
           table("alerts") +
           " (id, alert_type, severity, source, title, alert_metadata, status, created_at) VALUES"
           " ('00112233-4455-6677-8899-aabbccddeeff', 'system_metric', 'high', 'system:old', 'CPU',"
           " '{\"a\": 1}', 'active', '2024-01-15 10:30:45.123'),"
           " (gen_random_uuid(), 'odd', 'URGENT', 's', 't', NULL, NULL, NULL);"
           "INSERT INTO " +
           table("alert_rules") +
           " (id, name, rule_type, condition, severity) VALUES (gen_random_uuid(), 'High CPU',"
           " 'system_metric', '{\"metric_type\": \"cpu_usage_percent\"}', 'high')";
}

class OriginalDatabase : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(OriginalDatabase, IsTakenOverWithoutLosingARow) {
    const auto [schema, zone] = GetParam();
    TestDatabase test_database;
    Database database{test_database.options()};
    database.acquire()->execute_script(original_tables(schema, zone));
    EXPECT_EQ(Migrator{database}.apply(), known());

    const std::string legacy = std::string{"SELECT count(*) FROM "} + schema;
    EXPECT_EQ(number(database, legacy + ".system_metrics_legacy"), 1);
    EXPECT_EQ(number(database, legacy + ".process_metrics_legacy"), 0);
    EXPECT_EQ(number(database, legacy + ".alerts_legacy"), 2);
    EXPECT_EQ(number(database, "SELECT count(*) FROM monitoring.system_metrics"), 0);
    EXPECT_EQ(number(database, "SELECT count(*) FROM monitoring.alerts"), 2);

    const auto rows = database.acquire()->execute_once(
        "SELECT created_at, alert_metadata->>'a', occurrences FROM monitoring.alerts"
        " WHERE id = '00112233-4455-6677-8899-aabbccddeeff' AND status = 'active'");
    ASSERT_EQ(rows.size(), 1);
    EXPECT_EQ(rows[0].timestamp(0), at("2024-01-15T10:30:45.123Z"));
    EXPECT_EQ(rows[0].text(1), "1");
    EXPECT_EQ(rows[0].int8(2), 1);
    EXPECT_EQ(text(database, "SELECT severity FROM monitoring.alerts WHERE alert_type = 'odd'"),
              "info");
    EXPECT_EQ(text(database,
                   "SELECT condition->>'metric_type' FROM monitoring.alert_rules"
                   " WHERE name = 'High CPU' AND cooldown_minutes = 5 AND is_active"),
              "cpu_usage_percent");
}

INSTANTIATE_TEST_SUITE_P(AllForms, OriginalDatabase,
                         testing::Values(std::pair{"public", "without"},
                                         std::pair{"public", "with"},
                                         std::pair{"monitoring", "without"},
                                         std::pair{"monitoring", "with"}));

TEST(Migrator, ReadOnlyRoleSeesViewsButNoTokens) {
    FilledDatabase database;
    ASSERT_EQ(database.number("SELECT count(*) FROM pg_roles WHERE rolname = 'chorus_readonly'"),
              1);
    const auto session = database.pool().acquire();
    session->execute_script("SET ROLE chorus_readonly");
    for (const auto* query :
         {"SELECT * FROM monitoring.system_metrics", "SELECT * FROM monitoring.process_metrics",
          "SELECT * FROM monitoring.system_metrics_sealed",
          "SELECT * FROM monitoring.system_metric_hours",
          "SELECT * FROM monitoring.system_metric_days",
          "SELECT * FROM monitoring.process_metrics_sealed",
          "SELECT * FROM monitoring.process_snapshots_sealed", "SELECT * FROM monitoring.alerts",
          "SELECT * FROM monitoring.metric_series('cpu_usage_percent', now() - interval '1h', "
          "now())",
          "SELECT * FROM monitoring.process_series('nginx*', now() - interval '1h', now())",
          "SELECT * FROM monitoring.processes_at('web-01', now())"}) {
        EXPECT_NO_THROW(session->execute_once(query)) << query;
    }
    for (const auto* query :
         {"SELECT * FROM monitoring.tokens", "SELECT * FROM monitoring.audit",
          "SELECT * FROM monitoring.sealed_series", "SELECT * FROM monitoring.sealed_batches",
          "SELECT * FROM monitoring.sealed_processes", "DELETE FROM monitoring.alerts"}) {
        EXPECT_THROW(session->execute_once(query), DatabaseError) << query;
    }
    session->execute_script("RESET ROLE");
}

TEST(Migrator, UserWithoutRightToCreateRolesStillGetsTheSchema) {
    TestDatabase test_database;
    const std::string role = test_database.name() + "_plain";
    test_database.server().acquire()->execute_script(
        "CREATE ROLE " + role + " LOGIN PASSWORD 'plain'; GRANT CREATE ON DATABASE " +
        test_database.name() + " TO " + role);
    {
        auto options = test_database.options();
        options.url.replace(options.url.rfind("user="), std::string::npos,
                            "user=" + role + "&password=plain");
        Database database{options};
        EXPECT_EQ(Migrator{database}.apply(), known());
    }
    const auto session = test_database.server().acquire();
    session->execute_script("DROP DATABASE " + test_database.name() + " WITH (FORCE)");
    session->execute_script("DROP ROLE " + role);
}

TEST(Schema, AuditCanOnlyGrow) {
    FilledDatabase database;
    database.run("INSERT INTO monitoring.audit (actor, action) VALUES ('admin', 'token.create')");
    EXPECT_THROW(database.run("UPDATE monitoring.audit SET actor = 'x'"), DatabaseError);
    EXPECT_THROW(database.run("DELETE FROM monitoring.audit"), DatabaseError);
    EXPECT_THROW(database.run("TRUNCATE monitoring.audit"), DatabaseError);
}

TEST(Schema, OneOpenAlertPerFingerprint) {
    FilledDatabase database;
    const std::string insert =
        "INSERT INTO monitoring.alerts (alert_type, severity, source, title, fingerprint, status)"
        " VALUES ('t', 'low', 's', 't', 'f', ";
    database.run(insert + "'resolved')");
    database.run(insert + "'acknowledged')");
    EXPECT_THROW(database.run(insert + "'active')"), DatabaseError);
    EXPECT_THROW(database.run(insert + "'unknown')"), DatabaseError);
}

}  // namespace
}  // namespace chorus::store
