#include "aggregator/history/status_reader.h"

namespace chorus::store {
namespace {

constexpr Statement kDurability{"durability", R"sql(
SELECT current_setting('fsync'), current_setting('full_page_writes'),
       current_setting('synchronous_commit')
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

void ping(Database& database) {
    database.read([](Session& session) { session.execute(kPing); });
}

}  // namespace chorus::store
