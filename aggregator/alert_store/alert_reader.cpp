#include "aggregator/alert_store/alert_reader.h"

#include <cctype>

namespace chorus::store {
namespace {

#define ALERT_COLUMNS                                                                     \
    "a.id, a.alert_type, a.severity, a.source, a.title, a.description, a.alert_metadata," \
    " a.status, a.acknowledged_at, a.acknowledged_by, a.resolved_at, a.resolved_by,"      \
    " a.created_at, a.updated_at, a.hostname, a.rule_id, a.fingerprint, a.occurrences,"   \
    " a.last_seen_at, a.suppressed_by,"                                                   \
    " CASE WHEN a.alert_type IN ('system_metric', 'process_metric', 'service_health',"    \
    "                            'host_silent')"                                          \
    "      THEN coalesce(a.alert_metadata->>'rule_name',"                                 \
    "                    (SELECT r.name FROM monitoring.alert_rules r"                    \
    "                     WHERE r.id = a.rule_id)) END,"                                  \
    " coalesce(a.alert_metadata->>'label', a.alert_metadata->>'process_name',"            \
    "          a.alert_metadata->>'service_name')"

// Each condition is switched off by an empty array. Planned anew for each call with the values
// known, so that these vanish and the others choose an index.
#define ALERT_FILTERS                                     \
    " ($1::text[] = '{}' OR a.status = ANY ($1))"         \
    " AND ($2::text[] = '{}' OR a.severity = ANY ($2))"   \
    " AND ($3::text[] = '{}' OR a.hostname = ANY ($3))"   \
    " AND ($4::uuid[] = '{}' OR a.rule_id = ANY ($4))"    \
    " AND ($5::text[] = '{}' OR a.alert_type = ANY ($5))" \
    " AND ($6::text[] = '{}' OR a.source = ANY ($6))"     \
    " AND ($7::timestamptz IS NULL OR a.created_at >= $7)"

constexpr const char* kFindAlerts =
    "SELECT " ALERT_COLUMNS " FROM monitoring.alerts a WHERE" ALERT_FILTERS
    " AND ($8::timestamptz IS NULL OR (a.created_at, a.id) < ($8, $9::uuid))"
    " ORDER BY a.created_at DESC, a.id DESC LIMIT $10 OFFSET $11";

constexpr const char* kCountAlerts = "SELECT count(*) FROM monitoring.alerts a WHERE" ALERT_FILTERS;

constexpr Statement kOpenOfRule{"alerts_open_of_rule", R"sql(
SELECT id FROM monitoring.alerts WHERE rule_id = $1 AND status <> 'resolved' ORDER BY id
)sql"};

constexpr Statement kOneAlert{"alert_one",
                              "SELECT " ALERT_COLUMNS " FROM monitoring.alerts a WHERE a.id = $1"};
constexpr Statement kLockAlert{
    "alert_lock", "SELECT " ALERT_COLUMNS " FROM monitoring.alerts a WHERE a.id = $1 FOR UPDATE"};

#undef ALERT_COLUMNS
#undef ALERT_FILTERS

constexpr Statement kOpenReach{"alerts_open_reach", R"sql(
SELECT count(*) >= $1
FROM (SELECT FROM monitoring.alerts WHERE status <> 'resolved' LIMIT $1) counted
)sql"};

constexpr Statement kContext{"alert_context", R"sql(
SELECT taken_at, context FROM monitoring.alert_contexts WHERE alert_id = $1
)sql"};

constexpr Statement kTransitions{"alert_transitions", R"sql(
SELECT transition_id, alert_id, at, from_status, to_status, actor, comment
FROM monitoring.alert_transitions
WHERE alert_id = $1
ORDER BY transition_id
LIMIT $2 OFFSET $3
)sql"};

constexpr Statement kTransition{"alert_transition", R"sql(
SELECT transition_id, alert_id, at, from_status, to_status, actor, comment
FROM monitoring.alert_transitions
WHERE transition_id = $1
)sql"};

AlertRow read_alert(const Row& row) {
    AlertRow alert;
    alert.id = row.uuid(0);
    alert.alert_type = row.text(1);
    alert.severity = severity_from_name(row.text(2)).value();
    alert.source = row.text(3);
    alert.title = row.text(4);
    alert.description = row.optional_text(5);
    alert.metadata_json = row.text(6);
    alert.status = alert_status_from_name(row.text(7)).value();
    alert.acknowledged_at = row.optional_timestamp(8);
    alert.acknowledged_by = row.optional_text(9);
    alert.resolved_at = row.optional_timestamp(10);
    alert.resolved_by = row.optional_text(11);
    alert.created_at = row.timestamp(12);
    alert.updated_at = row.timestamp(13);
    alert.hostname = row.optional_text(14);
    alert.rule_id = row.optional_uuid(15);
    alert.fingerprint = row.optional_text(16);
    alert.occurrences = row.int8(17);
    alert.last_seen_at = row.optional_timestamp(18);
    alert.suppressed_by = row.optional_text(19);
    alert.rule_name = row.optional_text(20);
    alert.subject = row.optional_text(21);
    return alert;
}

TransitionRow read_transition_row(const Row& row) {
    TransitionRow transition;
    transition.id = row.int8(0);
    transition.alert_id = row.uuid(1);
    transition.at = row.timestamp(2);
    if (!row.is_null(3)) transition.from = alert_status_from_name(row.text(3));
    transition.to = alert_status_from_name(row.text(4)).value();
    transition.actor = row.optional_text(5);
    transition.comment = row.optional_text(6);
    return transition;
}

template <typename Words>
std::vector<std::string> names(const Words& words) {
    std::vector<std::string> list;
    for (const auto word : words) list.emplace_back(to_string(word));
    return list;
}

Parameters filters(const AlertQuery& query) {
    Parameters parameters;
    parameters.text_array(names(query.statuses))
        .text_array(names(query.severities))
        .text_array(query.hostnames)
        .uuid_array(query.rule_ids)
        .text_array(query.alert_types)
        .text_array(query.sources)
        .timestamp(query.since);
    return parameters;
}

std::optional<AlertRow> one(Session& session, const Statement& statement, const Uuid& id) {
    const auto rows = session.execute(statement, Parameters{}.uuid(id));
    if (rows.empty()) return std::nullopt;
    return read_alert(rows[0]);
}

// Whether the text has the name as words of its own.
bool mentions(const std::string& text, const std::string& name) {
    const auto part_of_word = [&](std::size_t at) {
        return at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) != 0 ||
                                    text[at] == '-' || text[at] == '_');
    };
    for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
        if ((at == 0 || !part_of_word(at - 1)) && !part_of_word(at + name.size())) return true;
    }
    return false;
}

// "CPU usage" of "Stock: CPU usage": who is woken up need not know where the rule came from.
std::string without_stock(std::string name) {
    constexpr std::string_view stock = "Stock: ";
    if (!name.starts_with(stock) || name.size() == stock.size()) return name;
    name.erase(0, stock.size());
    name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
    return name;
}

}  // namespace

std::string alert_summary(const AlertRow& alert) {
    std::string text = without_stock(alert.rule_name.value_or(alert.title));
    if (alert.hostname && !mentions(text, *alert.hostname)) text += " on " + *alert.hostname;
    // A title says itself what it is about.
    if (alert.rule_name && alert.subject && !alert.subject->empty() &&
        !mentions(text, *alert.subject)) {
        text += " (" + *alert.subject + ')';
    }
    return cut_to_fit(text);
}

std::vector<AlertRow> find_alerts(Session& session, const AlertQuery& query) {
    auto parameters = filters(query);
    if (query.after) {
        parameters.timestamp(query.after->created_at).uuid(query.after->id);
    } else {
        parameters.timestamp(std::nullopt).uuid(std::nullopt);
    }
    parameters.int8(query.limit).int8(query.offset);
    std::vector<AlertRow> alerts;
    for (const auto row : session.execute_once(kFindAlerts, parameters))
        alerts.push_back(read_alert(row));
    return alerts;
}

std::int64_t count_alerts(Session& session, const AlertQuery& query) {
    return session.execute_once(kCountAlerts, filters(query))[0].int8(0);
}

bool open_alerts_reach(Session& session, std::int64_t number) {
    return session.execute(kOpenReach, Parameters{}.int8(number))[0].boolean(0);
}

std::optional<AlertRow> read_alert(Session& session, const Uuid& id) {
    return one(session, kOneAlert, id);
}

std::optional<AlertRow> lock_alert(Session& session, const Uuid& id) {
    return one(session, kLockAlert, id);
}

std::vector<Uuid> open_alerts_of_rule(Session& session, const Uuid& rule_id) {
    std::vector<Uuid> ids;
    for (const auto row : session.execute(kOpenOfRule, Parameters{}.uuid(rule_id))) {
        ids.push_back(row.uuid(0));
    }
    return ids;
}

std::optional<AlertContext> read_context(Session& session, const Uuid& alert_id) {
    const auto rows = session.execute(kContext, Parameters{}.uuid(alert_id));
    if (rows.empty()) return std::nullopt;
    return AlertContext{rows[0].timestamp(0), std::string{rows[0].text(1)}};
}

std::vector<TransitionRow> read_transitions(Session& session, const Uuid& alert_id,
                                            std::int64_t limit, std::int64_t offset) {
    std::vector<TransitionRow> transitions;
    for (const auto row :
         session.execute(kTransitions, Parameters{}.uuid(alert_id).int8(limit).int8(offset))) {
        transitions.push_back(read_transition_row(row));
    }
    return transitions;
}

std::optional<TransitionRow> read_transition(Session& session, std::int64_t id) {
    const auto rows = session.execute(kTransition, Parameters{}.int8(id));
    if (rows.empty()) return std::nullopt;
    return read_transition_row(rows[0]);
}

}  // namespace chorus::store
