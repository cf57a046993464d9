// What is read of alerts: lists, JSON, their history, their context, the audit log.
#include "aggregator/alert_store/alert_reader.h"

#include <gmock/gmock.h>

#include "aggregator/access/audit_log.h"
#include "aggregator/alert_store/alert_json.h"
#include "aggregator/alert_store/top_processes.h"
#include "alerts_fixture.h"
#include "common/json/json_reader.h"

namespace chorus::store {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(Alerts, HistoryCannotBeRewritten) {
    const auto id = open(alert(), now_).id;
    commit([&](Session& session) { return add_comment(session, id, "alice", "a remark", now_); });
    EXPECT_FALSE(commit([&](Session& session) {
        return add_comment(session, Uuid::random(), "alice", "x", now_);
    }));
    EXPECT_THAT(history(id),
                ElementsAre(">active by rule:CPU: ", "active>active by alice: a remark"));
    EXPECT_THROW(database_.run("UPDATE monitoring.alert_transitions SET actor = 'mallory'"),
                 DatabaseError);
    EXPECT_THROW(database_.run("TRUNCATE monitoring.alert_transitions"), DatabaseError);
}

TEST_F(Alerts, ContextIsKeptOnceAndGoesWithItsAlert) {
    const auto id = open(alert(), now_).id;
    const auto session = database_.pool().acquire();
    EXPECT_FALSE(read_context(*session, id));
    put_contexts(*session, {{id, R"({"processes":[]})"}}, now_);
    put_contexts(*session, {{id, R"({"processes":[1]})"}}, now_ + seconds{60});
    EXPECT_EQ(read_context(*session, id)->json, R"({"processes": []})");
    EXPECT_EQ(read_context(*session, id)->taken_at, now_);
    database_.run("DELETE FROM monitoring.alerts");
    EXPECT_EQ(database_.number("SELECT count(*) FROM monitoring.alert_contexts"), 0);
    EXPECT_EQ(database_.number("SELECT count(*) FROM monitoring.alert_transitions"), 0);
}

TEST_F(Alerts, ListIsFilteredAndPagedNewestFirst) {
    std::vector<Uuid> ids;
    for (int i = 0; i < 5; ++i) {
        auto one = alert("s" + std::to_string(i));
        one.hostname = i % 2 == 0 ? "web-01" : "db-01";
        one.severity = i < 2 ? Severity::low : Severity::high;
        ids.push_back(open(one, now_ + seconds{i / 2}).id);
    }
    change({.alert_id = ids[0], .actor = "x"}, now_);
    const auto session = database_.pool().acquire();
    const auto list = [&](const AlertQuery& query) {
        std::vector<std::string> sources;
        for (const auto& one : find_alerts(*session, query)) sources.push_back(one.source);
        EXPECT_EQ(count_alerts(*session, query), static_cast<std::int64_t>(sources.size()));
        return sources;
    };
    EXPECT_THAT(list({}), SizeIs(5));
    EXPECT_EQ(list({}).front(), "s4");
    EXPECT_THAT(list({.statuses = {AlertStatus::resolved}}), ElementsAre("s0"));
    EXPECT_THAT(list({.severities = {Severity::low, Severity::info}}), SizeIs(2));
    EXPECT_THAT(list({.hostnames = {"db-01"}}), SizeIs(2));
    EXPECT_THAT(list({.hostnames = {"db-01"}, .sources = {"s3", "s4"}}), ElementsAre("s3"));
    EXPECT_THAT(list({.alert_types = {"%"}}), IsEmpty());
    EXPECT_THAT(list({.rule_ids = {Uuid::random()}}), IsEmpty());
    EXPECT_THAT(list({.since = now_ + seconds{2}}), ElementsAre("s4"));

    const auto whole = find_alerts(*session, {});
    AlertQuery page;
    page.limit = 2;
    std::vector<Uuid> seen;
    for (;;) {
        const auto rows = find_alerts(*session, page);
        if (rows.empty()) break;
        for (const auto& one : rows) seen.push_back(one.id);
        page.after = AlertCursor{rows.back().created_at, rows.back().id};
    }
    ASSERT_THAT(seen, SizeIs(5));
    for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], whole[i].id);
    AlertQuery skipping;
    skipping.offset = 4;
    EXPECT_EQ(find_alerts(*session, skipping).at(0).id, whole[4].id);
}

TEST_F(Alerts, JsonHasEveryFieldOfTheContract) {
    const auto stored = row(open(alert(), now_).id);
    JsonWriter out;
    write_alert(out, stored);
    JsonReader reader;
    const auto json = reader.parse(out.text());
    std::vector<std::string> names;
    for (const auto field : json.get_object()) names.emplace_back(field.key);
    EXPECT_THAT(names, ElementsAre("id", "alert_type", "severity", "source", "title", "summary",
                                   "description", "alert_metadata", "status", "acknowledged_at",
                                   "acknowledged_by", "resolved_at", "resolved_by", "created_at",
                                   "updated_at", "hostname", "rule_id", "fingerprint",
                                   "occurrences", "last_seen_at", "suppressed_by"));
    EXPECT_EQ(std::string_view(json["created_at"]), "2026-01-02T10:00:00.000Z");
    EXPECT_EQ(double(json["alert_metadata"]["current_value"]), 95.5);
    EXPECT_TRUE(json["rule_id"].is_null());
}

TEST_F(Alerts, EventsAreNamedByTheTransition) {
    EXPECT_EQ(event_name({}, AlertStatus::active), "created");
    EXPECT_EQ(event_name(AlertStatus::active, AlertStatus::active), "updated");
    EXPECT_EQ(event_name(AlertStatus::active, AlertStatus::suppressed), "updated");
    EXPECT_EQ(event_name(AlertStatus::active, AlertStatus::acknowledged), "acknowledged");
    EXPECT_EQ(event_name(AlertStatus::acknowledged, AlertStatus::resolved), "resolved");
    EXPECT_EQ(event_name(AlertStatus::resolved, AlertStatus::active), "reopened");
    EXPECT_EQ(event_name(AlertStatus::suppressed, AlertStatus::active), "created");
}

TEST_F(Alerts, AuditRowsAreAddedAndNeverChanged) {
    const auto session = database_.pool().acquire();
    write_audit(*session, {.actor = "alice",
                           .token_id = 7,
                           .action = "alert.update",
                           .object_type = "alert",
                           .object_id = "x",
                           .client_ip = "127.0.0.1",
                           .request_id = "r-1",
                           .detail_json = R"({"status":"resolved"})"});
    EXPECT_EQ(
        database_.text("SELECT concat_ws(' ', actor, token_id, action, object_type, object_id,"
                       " client_ip, request_id, detail) FROM monitoring.audit"),
        R"(alice 7 alert.update alert x 127.0.0.1 r-1 {"status": "resolved"})");
    EXPECT_THROW(database_.run("DELETE FROM monitoring.audit"), DatabaseError);
}

}  // namespace
}  // namespace chorus::store
