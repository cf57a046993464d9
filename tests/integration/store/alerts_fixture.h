// Alerts to open and change in a database of one's own, and what is then stored of them.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "aggregator/alert_store/alert_reader.h"
#include "aggregator/alert_store/alert_store.h"
#include "test_database.h"

namespace chorus::store {

class Alerts : public testing::Test {
  protected:
    // Runs work in a transaction of its own.
    template <typename Work>
    auto commit(Work work) {
        const auto session = database_.pool().acquire();
        Transaction transaction{*session};
        auto result = work(*session);
        transaction.commit();
        return result;
    }
    static NewAlert alert(const std::string& source = "system:web-01") {
        NewAlert alert;
        alert.alert_type = "system_metric";
        alert.severity = Severity::high;
        alert.source = source;
        alert.title = "CPU Alert";
        alert.description = "cpu is busy";
        alert.metadata_json = R"({"current_value":95.5})";
        alert.hostname = "web-01";
        alert.fingerprint = alert_fingerprint("rule-1", source);
        alert.actor = "rule:CPU";
        return alert;
    }
    OpenedAlert open(const NewAlert& one, Timestamp now) {
        return commit([&](Session& session) { return open_alert(session, one, now); });
    }
    ChangeResult change(const StatusChange& what, Timestamp now) {
        return commit([&](Session& session) { return change_status(session, what, now); });
    }
    AlertRow row(const Uuid& id) {
        return commit([&](Session& session) { return read_alert(session, id).value(); });
    }
    // "from>to by actor: comment" of every step, oldest first.
    std::vector<std::string> history(const Uuid& id) {
        std::vector<std::string> steps;
        const auto rows =
            commit([&](Session& session) { return read_transitions(session, id, 100, 0); });
        for (const auto& step : rows) {
            steps.push_back(std::string(step.from ? to_string(*step.from) : "") + ">" +
                            std::string(to_string(step.to)) + " by " + step.actor.value_or("?") +
                            ": " + step.comment.value_or(""));
        }
        return steps;
    }

    FilledDatabase database_;
    const Timestamp now_ = at("2026-01-02T10:00:00Z");
};

}  // namespace chorus::store
