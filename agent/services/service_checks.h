// Checks the configured services at their intervals, in a few threads of their own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "agent/push/deadline.h"
#include "agent/services/found_checks.h"
#include "agent/services/service_check.h"
#include "agent/services/service_config.h"

namespace chorus::agent {

// Collecting never waits for a check; it takes the results that are there. The threads start at
// once, if there is anything to check. The first checks are spread over their interval, 15 s at
// most. A service that was never healthy since the start counts as bad only at its second failure,
// a minute later at most. After the host's boot it may just not be ready yet.
class ServiceChecks {
  public:
    // `ca_file`: certificates (PEM) that are trusted instead of the system's; empty = the system's.
    ServiceChecks(const ServiceConfig& config, std::string ca_file);
    // Ends running checks at once. A check that looks a name up ends when the resolver gives up.
    ~ServiceChecks();
    ServiceChecks(const ServiceChecks&) = delete;
    ServiceChecks& operator=(const ServiceChecks&) = delete;

    // Results since the last call, oldest first. FoundChecks says how many are kept.
    std::vector<AgentServiceCheck> take();

  private:
    using Clock = std::chrono::steady_clock;
    struct Entry {
        Service service;
        Clock::time_point due;
        bool running = false;
        std::optional<ServiceStatus> status{};  // reported last
        bool failed_once = false;               // a first failure was not reported
        bool unknown = false;                   // the newest check could not be made
    };

    void work(Deadline& deadline);
    Entry* next_due();  // nullptr while all of them run; with mutex_ held
    std::optional<CheckOutcome> check(const Service& service, Deadline& deadline);
    void note(Entry& entry, std::optional<CheckOutcome>&& found);  // with mutex_ held
    const TlsContext& trusted();

    const std::string ca_file_;
    std::mutex trust_mutex_;  // protects both below
    std::unique_ptr<TlsContext> trusted_;
    bool untrusting_ = false;  // has logged that it cannot be made

    std::mutex mutex_;  // protects all below
    std::condition_variable changed_;
    std::vector<Entry> entries_;
    FoundChecks found_;
    bool stopping_ = false;

    Deadline final_;                                    // of every check
    std::vector<std::unique_ptr<Deadline>> deadlines_;  // of the check that each thread makes
    std::vector<std::thread> threads_;
};

}  // namespace chorus::agent
