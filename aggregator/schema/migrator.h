// Brings the schema up to date.
#pragma once

#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/postgres/database.h"
#include "common/timestamp.h"

namespace chorus::store {

// One numbered .sql file of migrations/, embedded at build.
struct Migration {
    int version;
    std::string_view name;  // "0002_tables"
    std::string_view sql;
};
std::span<const Migration> embedded_migrations();

// The database is newer than this program, or an applied migration differs from the one in this
// program. what() says what to do.
class SchemaMismatch : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

struct MigrationStatus {
    int version = 0;
    std::string name;
    std::optional<Timestamp> applied_at;  // nullopt = to be applied
};

class Migrator {
  public:
    explicit Migrator(Database& database,
                      std::span<const Migration> migrations = embedded_migrations())
        : database_(database), migrations_(migrations) {}

    // Applies the missing migrations, each in its own transaction. One program at a time does this
    // (advisory lock). Returns how many were applied. Throws SchemaMismatch, DatabaseError.
    int apply();
    // Applied and pending ones by version. Changes nothing.
    std::vector<MigrationStatus> status();

  private:
    Database& database_;
    std::span<const Migration> migrations_;
};

}  // namespace chorus::store
