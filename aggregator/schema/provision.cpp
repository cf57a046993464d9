#include "aggregator/schema/provision.h"

namespace chorus::store {
namespace {

constexpr Statement kRoleExists{"provision_role", R"sql(
SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $1)
)sql"};
constexpr Statement kDatabaseExists{"provision_database", R"sql(
SELECT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = $1)
)sql"};

// What of a database made by another user has to change hands, as statements that lack the new
// owner. Tables carry their indexes and own sequences along. Of `public` only the tables of the
// original service, which the first migration knows by a telling column and renames.
constexpr Statement kForeign{"provision_foreign", R"sql(
WITH relation AS (
    SELECT c.oid, n.nspname, c.relname, c.relkind
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'S') AND pg_catalog.pg_get_userbyid(c.relowner) <> $1
        AND (n.nspname = 'monitoring'
             OR n.nspname = 'public' AND c.relkind IN ('r', 'p')
                AND c.relname IN ('system_metrics', 'process_metrics', 'alerts', 'alert_rules')
                AND EXISTS (
                    SELECT FROM pg_catalog.pg_attribute a
                    WHERE a.attrelid = c.oid AND NOT a.attisdropped
                        AND a.attname IN ('metric_value', 'cpu_percent', 'alert_type', 'rule_type')))
        AND NOT (c.relkind = 'S' AND EXISTS (
            SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i')))
)
SELECT 'ALTER SCHEMA monitoring OWNER TO '
FROM pg_catalog.pg_namespace
WHERE nspname = 'monitoring' AND pg_catalog.pg_get_userbyid(nspowner) <> $1
UNION ALL
SELECT 'GRANT CREATE ON SCHEMA public TO ' WHERE EXISTS (SELECT FROM relation WHERE nspname = 'public')
UNION ALL
SELECT format('ALTER %s %I.%I OWNER TO ',
              CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, nspname,
              relname)
FROM relation
UNION ALL
SELECT format('ALTER FUNCTION %s OWNER TO ', p.oid::regprocedure)
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = 'monitoring' AND pg_catalog.pg_get_userbyid(p.proowner) <> $1
)sql"};

std::string quoted(const std::string& identifier) {
    std::string out = "\"";
    for (const char c : identifier) {
        if (c == '"') out += '"';
        out += c;
    }
    return out + '"';
}

bool exists(Session& session, const Statement& statement, const std::string& name) {
    return session.execute(statement, Parameters{}.text(name))[0].boolean(0);
}

}  // namespace

std::vector<std::string> provision(Session& administrator, const Provision& wanted) {
    std::vector<std::string> done;
    const std::string role = quoted(wanted.role), database = quoted(wanted.database);
    if (!exists(administrator, kRoleExists, wanted.role)) {
        administrator.execute_once("CREATE ROLE " + role +
                                   " LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION");
        done.push_back("role " + wanted.role);
    }
    if (!exists(administrator, kRoleExists, "chorus_readonly")) {
        administrator.execute_once("CREATE ROLE chorus_readonly NOLOGIN");
        done.emplace_back("role chorus_readonly, for those who read with SQL");
    }
    if (!exists(administrator, kDatabaseExists, wanted.database)) {
        administrator.execute_once("CREATE DATABASE " + database +
                                   " TEMPLATE template0 ENCODING 'UTF8'");
        done.push_back("database " + wanted.database);
    }
    administrator.execute_once("REVOKE ALL ON DATABASE " + database + " FROM PUBLIC");
    administrator.execute_once("GRANT CONNECT, CREATE, TEMPORARY ON DATABASE " + database + " TO " +
                               role);
    administrator.execute_once("GRANT CONNECT ON DATABASE " + database + " TO chorus_readonly");
    return done;
}

bool take_over_schema(Session& administrator, const std::string& role) {
    Transaction transaction{administrator};
    const auto foreign = administrator.execute(kForeign, Parameters{}.text(role));
    for (const auto row : foreign) {
        administrator.execute_once(std::string(row.text(0)) + quoted(role));
    }
    transaction.commit();
    return !foreign.empty();
}

}  // namespace chorus::store
