#include "aggregator/health/prober.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "common/log.h"

namespace chorus::health {
namespace {

constexpr Logger kProberLog{"health"};
// What runs already is served before more is begun, so that its times stay true.
constexpr std::size_t kStartsPerTurn = 32;

}  // namespace

Prober::Prober(const net::AddressRules& rules, const Clock& clock, ProberOptions options)
    : rules_(rules),
      clock_(clock),
      options_(std::move(options)),
      tls_(options_.ca_file),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (wake_ < 0) throw std::runtime_error("no descriptor for service checks");
}

Prober::~Prober() {
    close(wake_);
}

void Prober::stop() {
    stopped_ = true;
    eventfd_write(wake_, 1);
}

bool Prober::start(std::size_t id, const Service& service) {
    if (!ids_.insert(id).second) return false;
    waiting_.push_back({id, std::make_shared<Probe>(service, rules_, &tls_)});
    return true;
}

void Prober::promote(Probe::Time now) {
    for (std::size_t n = 0;
         n < kStartsPerTurn && !waiting_.empty() && running_.size() < options_.most_at_once; ++n) {
        running_.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
        running_.back().probe->begin(now);
    }
}

void Prober::look_up(const std::shared_ptr<Probe>& probe) {
    probe->lookup_started();
    const auto heard = [weak = std::weak_ptr<Probe>{probe}, attempt = probe->attempt()](
                           const std::vector<net::Address>& addresses, const std::string& error) {
        if (const auto waiting = weak.lock()) {
            waiting->resolved(attempt, addresses, error, std::chrono::steady_clock::now());
        }
    };
    try {
        resolver_->look_up(probe->service().host, probe->service().port, heard);
    } catch (const std::runtime_error& e) {
        probe->give_up_here(e.what());
    }
}

void Prober::collect(std::vector<Finished>& finished) {
    std::erase_if(running_, [&](const Running& running) {
        const Probe& probe = *running.probe;
        if (!probe.done()) return false;
        if (probe.result()) {
            finished.push_back({running.id, clock_.now(), *probe.result()});
        } else {
            kProberLog.error("Service could not be checked",
                             {{"service", probe.service().name}, {"error", probe.own_fault()}});
        }
        ids_.erase(running.id);
        return true;
    });
}

void Prober::wait(Probe::Time until) {
    std::vector<pollfd> polled{{wake_, POLLIN, 0}};
    std::vector<Probe*> owners;
    for (const auto& running : running_) {
        until = std::min(until, running.probe->wake());
        if (running.probe->descriptor() < 0) continue;
        polled.push_back({running.probe->descriptor(), running.probe->events(), 0});
        owners.push_back(running.probe.get());
    }
    if (!waiting_.empty() && running_.size() < options_.most_at_once) until = {};  // do not wait
    resolver_->wait(polled, until);
    const auto now = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < owners.size(); ++i) {
        if (polled[i + 1].revents != 0) owners[i]->ready(now);
    }
}

std::vector<Prober::Finished> Prober::run(Probe::Time until) {
    std::vector<Finished> finished;
    // A fresh one reads resolv.conf and hosts again.
    if (!resolver_ || resolver_->pending() == 0) {
        resolver_ = std::make_unique<net::Resolver>(options_.name_servers);
    }
    while (!stopped_) {
        const auto now = std::chrono::steady_clock::now();
        promote(now);
        for (const auto& running : running_) {
            running.probe->tick(now);
            if (running.probe->wants_addresses()) look_up(running.probe);
        }
        collect(finished);
        if (ids_.empty() || now >= until) break;
        wait(until);
    }
    return finished;
}

}  // namespace chorus::health
