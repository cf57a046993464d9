#include "agent/collect/support/watched_collector.h"

#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace chorus::agent {

struct WatchedCollector::Round {
    std::mutex mutex;  // protects the members below
    std::condition_variable ended;
    bool done = false;
    std::vector<SeriesKey> layout;
    std::vector<double> values;
    std::size_t relabelled = 0;
};

WatchedCollector::WatchedCollector(std::shared_ptr<Collector> risky,
                                   std::chrono::milliseconds deadline)
    : risky_(std::move(risky)), deadline_(deadline) {}

void WatchedCollector::collect(MetricSink& out) {
    const bool known = collect_in_time();
    if (!known) values_.assign(values_.size(), kNoValue);
    out.add_all(layout_, values_, relabelled_);
}

bool WatchedCollector::collect_in_time() {
    auto wait = deadline_;
    if (running_) {
        wait = {};  // it had its time
    } else {
        auto round = std::make_shared<Round>();
        try {
            std::thread([round, risky = risky_] {
                std::vector<SeriesKey> layout;
                std::vector<double> values;
                MetricSink sink(layout, values);
                risky->collect(sink);
                sink.finish();
                const std::lock_guard lock(round->mutex);
                round->layout = std::move(layout);
                round->values = std::move(values);
                round->relabelled = sink.relabelled();
                round->done = true;
                round->ended.notify_all();
            }).detach();
        } catch (const std::system_error&) {
            return false;  // no thread to be had: nothing is known this time
        }
        running_ = std::move(round);
    }
    std::unique_lock lock(running_->mutex);
    if (!running_->ended.wait_for(lock, wait, [&] { return running_->done; })) return false;
    layout_ = std::move(running_->layout);
    values_ = std::move(running_->values);
    relabelled_ = running_->relabelled;
    lock.unlock();
    running_.reset();
    return true;
}

}  // namespace chorus::agent
