// chorus-aggregator migrate: brings the schema up to date and says what was done.
#include <cstdio>

#include "aggregator/cli/commands.h"
#include "aggregator/schema/migrator.h"
#include "common/settings/exit_codes.h"

namespace chorus::cli {

int migrate(const Config& config) {
    store::DatabaseOptions options = database_options(config, 1);
    options.statement_timeout = std::chrono::milliseconds{0};
    store::Database database{options};
    store::Migrator migrator{database};
    try {
        const int applied = migrator.apply();
        for (const auto& step : migrator.status()) {
            std::printf("%s  applied %s\n", step.name.c_str(),
                        step.applied_at ? format_timestamp(*step.applied_at).c_str() : "never");
        }
        std::printf("%d migrations applied; the schema is up to date\n", applied);
        return to_int(ExitCode::ok);
    } catch (const store::SchemaMismatch& e) {
        std::fprintf(stderr, "chorus-aggregator: %s\n", e.what());
        return to_int(ExitCode::config);
    } catch (const store::DatabaseUnavailable& e) {
        std::fprintf(stderr, "chorus-aggregator: %s\n",
                     database_trouble("PostgreSQL at " + database.describe(), e).c_str());
        return to_int(ExitCode::unavailable);
    }
}

}  // namespace chorus::cli
