#include "aggregator/schema/migrator.h"

#include <algorithm>
#include <map>

#include "aggregator/postgres/sha256.h"
#include "common/log.h"

namespace chorus::store {
namespace {

constexpr Logger kMigratorLog{"migrate"};

// Waiting for another program's migration may take as long as that migration.
constexpr const char* kLock = R"sql(
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
SELECT pg_advisory_xact_lock(hashtextextended('chorus schema', 0))
)sql";

// CREATE ... IF NOT EXISTS asks for the right to create also where there is nothing to be created.
constexpr const char* kPrepareSchema = R"sql(
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'monitoring') THEN
        CREATE SCHEMA monitoring;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_tables
                   WHERE schemaname = 'monitoring' AND tablename = 'schema_migrations') THEN
        CREATE TABLE monitoring.schema_migrations (
            version int PRIMARY KEY,
            name text NOT NULL,
            checksum bytea NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now()
        );
    END IF;
END
$$
)sql";

constexpr const char* kHasTable = "SELECT to_regclass('monitoring.schema_migrations') IS NOT NULL";

constexpr const char* kReadApplied = R"sql(
SELECT version, name, checksum, applied_at
FROM monitoring.schema_migrations
ORDER BY version
)sql";

constexpr const char* kInsertApplied = R"sql(
INSERT INTO monitoring.schema_migrations (version, name, checksum)
VALUES ($1, $2, $3)
)sql";

struct Applied {
    std::string name;
    std::string checksum;
    Timestamp at;
};

std::map<int, Applied> read_applied(Session& session) {
    std::map<int, Applied> applied;
    for (const auto row : session.execute_once(kReadApplied)) {
        applied[row.int4(0)] = {std::string{row.text(1)}, std::string{row.bytea(2)},
                                row.timestamp(3)};
    }
    return applied;
}

void check(const std::map<int, Applied>& applied, std::span<const Migration> known) {
    for (const auto& [version, row] : applied) {
        const auto own = std::find_if(known.begin(), known.end(),
                                      [v = version](const Migration& m) { return m.version == v; });
        if (own == known.end()) {
            throw SchemaMismatch("the database has migration " + row.name +
                                 ", which this program does not know: it was made by a newer "
                                 "release; install that release or a later one");
        }
        if (row.checksum != sha256(own->sql)) {
            throw SchemaMismatch("migration " + row.name +
                                 " of the database differs from the one in this program although "
                                 "both have that number; use the release that made the database, "
                                 "or a fresh database");
        }
    }
}

}  // namespace

int Migrator::apply() {
    const auto lease = database_.acquire();
    Session& session = *lease;
    {
        Transaction transaction{session};
        session.execute_script(kLock);
        session.execute_script(kPrepareSchema);
        check(read_applied(session), migrations_);
        transaction.commit();
    }
    int count = 0;
    for (const auto& migration : migrations_) {
        Transaction transaction{session};
        session.execute_script(kLock);
        const auto applied = read_applied(session);
        check(applied, migrations_);  // another program may have been quicker, and newer
        if (applied.contains(migration.version)) continue;
        session.execute_script(std::string{migration.sql});
        session.execute_once(
            kInsertApplied,
            Parameters{}.int4(migration.version).text(migration.name).bytea(sha256(migration.sql)));
        transaction.commit();
        kMigratorLog.info("Migration applied", {{"migration", migration.name}});
        ++count;
    }
    return count;
}

std::vector<MigrationStatus> Migrator::status() {
    const auto lease = database_.acquire();
    std::map<int, Applied> applied;
    if (lease->execute_once(kHasTable)[0].boolean(0)) applied = read_applied(*lease);
    std::vector<MigrationStatus> list;
    for (const auto& migration : migrations_) {
        MigrationStatus line{migration.version, std::string{migration.name}, std::nullopt};
        if (const auto found = applied.find(migration.version); found != applied.end()) {
            line.applied_at = found->second.at;
            applied.erase(found);
        }
        list.push_back(std::move(line));
    }
    for (const auto& [version, row] : applied) list.push_back({version, row.name, row.at});
    return list;
}

}  // namespace chorus::store
