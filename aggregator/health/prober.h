// Runs many checks at once in the calling thread.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "aggregator/health/probe.h"
#include "common/clock.h"

namespace chorus::health {

struct ProberOptions {
    std::size_t most_at_once = 256;  // descriptors in use; further checks wait
    std::string ca_file;             // further authorities for https, PEM
    std::string name_servers;        // instead of resolv.conf's, "127.0.0.1:5353"; for tests
};

// A check that hangs costs a descriptor until its timeout, but no thread, and no time of others.
// Used by one thread, except for stop().
class Prober {
  public:
    // Throws std::runtime_error if ca_file cannot be read.
    Prober(const net::AddressRules& rules, const Clock& clock, ProberOptions options);
    ~Prober();
    Prober(const Prober&) = delete;
    Prober& operator=(const Prober&) = delete;

    struct Finished {
        std::size_t id;
        Timestamp time;
        CheckResult result;
    };

    // Adds a check of the service, which run() makes. False if the check of this id is still going
    // on. The service outlives it.
    bool start(std::size_t id, const Service& service);
    // Works until all checks have finished, the time has come, or stop() is called. Returns the
    // checks that have finished. The next call continues the others.
    std::vector<Finished> run(Probe::Time until);
    // From any thread. Cannot be undone.
    void stop();
    bool stopped() const { return stopped_; }
    std::size_t unfinished() const { return ids_.size(); }

  private:
    struct Running {
        std::size_t id;
        std::shared_ptr<Probe> probe;
    };
    void promote(Probe::Time now);
    void look_up(const std::shared_ptr<Probe>& probe);
    void collect(std::vector<Finished>& finished);
    void wait(Probe::Time until);

    const net::AddressRules& rules_;
    const Clock& clock_;
    const ProberOptions options_;
    const net::TlsContext tls_;
    std::unique_ptr<net::Resolver> resolver_;
    int wake_ = -1;  // eventfd
    std::atomic<bool> stopped_{false};
    std::deque<Running> waiting_;
    std::vector<Running> running_;
    std::unordered_set<std::size_t> ids_;  // of both
};

}  // namespace chorus::health
