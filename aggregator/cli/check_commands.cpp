// chorus-aggregator check-host and check-service: plugins of Nagios and what speaks its language:
// one line, exit status 0 good, 1 warning, 2 critical, 3 unknown.
#include <algorithm>
#include <cstdio>

#include "aggregator/alert_store/alert_reader.h"
#include "aggregator/cli/commands.h"
#include "aggregator/history/host_reader.h"
#include "aggregator/service_store/service_reader.h"
#include "common/text.h"

namespace chorus::cli {
namespace {

enum class Verdict { ok, warning, critical, unknown };

// Text of others stays on its line and does not begin performance data.
std::string without_figures(std::string_view text) {
    std::string line = one_line(text);
    std::replace(line.begin(), line.end(), '|', ' ');
    return line;
}

int answer(Verdict verdict, const std::string& text, const std::string& figures = {}) {
    constexpr const char* words[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
    std::printf("%s - %s%s%s\n", words[static_cast<int>(verdict)], without_figures(text).c_str(),
                figures.empty() ? "" : " | ", figures.c_str());
    return static_cast<int>(verdict);
}

Verdict verdict_of(const std::vector<store::AlertRow>& alerts) {
    Verdict verdict = Verdict::ok;
    for (const auto& alert : alerts) {
        const bool grave = alert.severity <= store::Severity::high;
        if (alert.severity == store::Severity::info) continue;
        verdict = std::max(verdict, grave ? Verdict::critical : Verdict::warning);
    }
    return verdict;
}

int judge_host(store::Database& database, const std::string& hostname) {
    const SystemClock clock;
    const auto host = store::HostReader{database, clock}.find(hostname);
    if (!host) return answer(Verdict::unknown, hostname + " has never reported");
    const auto age = std::chrono::floor<std::chrono::seconds>(clock.now() - host->last_seen);
    const auto alerts = database.read([&](store::Session& session) {
        return store::find_alerts(
            session, {.statuses = {store::AlertStatus::active}, .hostnames = {hostname}});
    });
    Verdict verdict = verdict_of(alerts);
    if (host->status == store::HostStatus::stale) verdict = std::max(verdict, Verdict::warning);
    if (host->status == store::HostStatus::down) verdict = Verdict::critical;
    std::string text = hostname + " is " + std::string(to_string(host->status)) + ", last report " +
                       std::to_string(age.count()) + " s ago";
    if (!alerts.empty()) {
        text += ", " + std::to_string(alerts.size()) +
                (alerts.size() == 1 ? " active alert" : " active alerts") +
                ", newest: " + alert_summary(alerts[0]);
    }
    return answer(
        verdict, text,
        "age=" + std::to_string(age.count()) + "s alerts=" + std::to_string(alerts.size()));
}

// A result that is older says nothing of now.
constexpr std::int64_t kMostIntervals = 3;

int judge_service(store::Database& database, const std::string& name, std::int64_t interval) {
    const auto states = store::ServiceReader{database}.states();
    const auto found = states.find(name);
    if (found == states.end()) {
        return answer(Verdict::unknown, name +
                                            " is not checked; is it in service-endpoints, or in"
                                            " agent-service-endpoints of its host?");
    }
    const store::ServiceState& service = found->second;
    const auto& agent = service.agent;
    const Timestamp now = SystemClock{}.now();
    const auto age = std::chrono::floor<std::chrono::seconds>(
                         now - (agent ? agent->heard_at : service.last_checked))
                         .count();
    const std::string when = ", checked " + std::to_string(age) + " s ago";
    if (agent ? agent->silent(now) : age > kMostIntervals * interval) {
        return answer(Verdict::unknown, name + " was " + service.status + when +
                                            (agent ? ": its agent says nothing of it now"
                                                   : ": no aggregator checks it now"));
    }
    std::string figures = "age=" + std::to_string(age) + "s";
    if (service.response_time_ms) {
        figures = "time=" + std::to_string(*service.response_time_ms) + "ms " + figures;
    }
    const Verdict verdict = service.status == "healthy" ? Verdict::ok : Verdict::critical;
    std::string text = name + " is " + service.status;
    if (service.error) text += ": " + *service.error;
    return answer(verdict, text + when, figures);
}

// Runs a check with the database as configured; whatever keeps it from an answer is unknown.
template <typename Check>
int with_database(const Config& config, Check&& check) {
    store::Database database{database_options(config, 1)};
    try {
        return check(database);
    } catch (const store::DatabaseError& e) {
        return answer(Verdict::unknown,
                      database_trouble("PostgreSQL at " + database.describe(), e));
    }
}

}  // namespace

int check_host(const Config& config, const Arguments& what) {
    if (what.size() != 1) {
        return answer(Verdict::unknown, "usage: chorus-aggregator check-host HOST");
    }
    return with_database(config,
                         [&](store::Database& database) { return judge_host(database, what[0]); });
}

int check_service(const Config& config, const Arguments& what) {
    if (what.size() != 1) {
        return answer(Verdict::unknown, "usage: chorus-aggregator check-service NAME");
    }
    const std::int64_t interval = config.integer("health-check-interval");
    return with_database(config, [&](store::Database& database) {
        return judge_service(database, what[0], interval);
    });
}

}  // namespace chorus::cli
