#include "aggregator/history/status_reader.h"

namespace chorus::store {
namespace {

constexpr Statement kDurability{"durability", R"sql(
SELECT current_setting('fsync'), current_setting('full_page_writes'),
       current_setting('synchronous_commit')
)sql"};

// -1 stands for a table that was never analysed.
constexpr Statement kCounts{"record_counts", R"sql(
WITH partitions AS (
    SELECT i.inhparent::regclass::text AS parent, sum(greatest(c.reltuples, 0))::bigint AS rows
    FROM pg_catalog.pg_inherits i
    JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent IN ('monitoring.system_batches'::regclass,
                          'monitoring.process_batches'::regclass)
    GROUP BY 1
)
SELECT (SELECT count(*) FROM monitoring.hosts),
       coalesce((SELECT rows FROM partitions WHERE parent LIKE '%system_batches'), 0),
       coalesce((SELECT rows FROM partitions WHERE parent LIKE '%process_batches'), 0),
       (SELECT greatest(reltuples, 0)::bigint FROM pg_catalog.pg_class
        WHERE oid = 'monitoring.processes'::regclass),
       (SELECT count(*) FROM monitoring.alerts),
       (SELECT count(*) FROM monitoring.alert_rules),
       pg_catalog.pg_database_size(current_database())
)sql"};

constexpr Statement kPing{"ping", "SELECT 1"};

}  // namespace

Durability read_durability(Database& database) {
    return database.read([](Session& session) {
        Durability durability;
        const auto rows = session.execute(kDurability);
        const char* names[] = {"fsync", "full_page_writes", "synchronous_commit"};
        for (int i = 0; i < 3; ++i) {
            const auto value = rows[0].text(i);
            const bool weak = value == "off" || value == "local" || value == "remote_write";
            if (weak)
                durability.faults.push_back(std::string{names[i]} + " is " + std::string{value});
        }
        durability.durable = durability.faults.empty();
        return durability;
    });
}

RecordCounts read_record_counts(Database& database) {
    return database.read([](Session& session) {
        const auto rows = session.execute(kCounts);
        const auto row = rows[0];
        return RecordCounts{row.int8(0), row.int8(1), row.int8(2), row.int8(3),
                            row.int8(4), row.int8(5), row.int8(6)};
    });
}

void ping(Database& database) {
    database.read([](Session& session) { session.execute(kPing); });
}

}  // namespace chorus::store
