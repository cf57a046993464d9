// Alert rules as rows (/api/v1/alert-rules).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/postgres/session.h"
#include "common/timestamp.h"
#include "common/uuid.h"

namespace chorus::store {

struct RuleRow {
    Uuid id;
    std::string name;
    std::optional<std::string> description;
    std::string rule_type;
    std::string condition_json;
    std::string severity;
    std::string notification_channels_json = "[]";
    std::int32_t cooldown_minutes = 5;
    bool is_active = true;
    Timestamp created_at;
    Timestamp updated_at;
    std::optional<Timestamp> last_triggered_at;
    std::string state = "unknown";  // ok, pending, firing, no_data, error
    std::optional<std::string> last_error;
    bool stock = false;  // came with the program
};

struct RuleQuery {
    bool active_only = false;
    std::optional<std::string> rule_type;
    std::int64_t limit = 100;
    std::int64_t offset = 0;
};

// By name.
std::vector<RuleRow> list_rules(Session& session, const RuleQuery& query);
std::int64_t count_rules(Session& session, const RuleQuery& query);
// `for_update` locks the row until the transaction ends.
std::optional<RuleRow> find_rule(Session& session, const Uuid& id, bool for_update = false);

// Another rule has this name. Names that differ only in case or Unicode form are the same.
class RuleNameTaken : public std::runtime_error {
  public:
    RuleNameTaken() : std::runtime_error("the name is taken") {}
};

// Writes every member but the times and the results of evaluation. Returns the stored row. Both
// throw RuleNameTaken; the transaction is aborted then.
RuleRow insert_rule(Session& session, const RuleRow& rule);
RuleRow update_rule(Session& session, const RuleRow& rule);
// False if there is none.
bool delete_rule(Session& session, const Uuid& id);

// A rule that comes with the program.
struct StockRule {
    std::string key;
    RuleRow rule;
};
// Makes the stock rules that were never rows here. Rules that nobody changed get what the program
// has now. Returns how many were made.
int seed_stock_rules(Session& session, const std::vector<StockRule>& rules);

}  // namespace chorus::store
