#include "agent/procfs/support/deadline_reader.h"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "agent/procfs/support/boot_clock.h"
#include "agent/procfs/support/reader.h"

namespace chorus::agent {

struct DeadlineReader::SharedState {
    explicit SharedState(ReadFile read) : read_file(std::move(read)) {}

    ReadFile read_file;  // of the thread
    std::mutex mutex;    // protects the members below
    std::condition_variable changed;
    std::vector<std::string> asked;  // paths
    std::vector<Result> answered;    // as many of them as are read
    bool busy = false;               // a question is open
    bool served = false;             // there is a thread
    bool closed = false;
};

DeadlineReader::ReadFile DeadlineReader::files_below(const std::string& root) {
    struct Files {
        explicit Files(const std::string& path) : reader(path, clock) {}
        SystemBootClock clock;
        Reader reader;
    };
    return [files = std::make_shared<Files>(root)](const std::string& path) {
        const auto file = files->reader.read(path);
        return Result{.text = std::string(file.text), .error = file.error};
    };
}

DeadlineReader::DeadlineReader(ReadFile read_file, std::chrono::milliseconds deadline)
    : deadline_(deadline), shared_(std::make_shared<SharedState>(std::move(read_file))) {}

DeadlineReader::~DeadlineReader() {
    const std::lock_guard lock(shared_->mutex);
    shared_->closed = true;
    shared_->changed.notify_all();
}

std::vector<DeadlineReader::Result> DeadlineReader::read_all(std::vector<std::string> paths) {
    std::vector<Result> results(paths.size(), Result{.text = {}, .error = EBUSY});
    std::unique_lock lock(shared_->mutex);
    if (paths.empty() || shared_->busy) return results;
    if (!shared_->served) {
        try {
            std::thread([shared = shared_] { serve(shared); }).detach();
        } catch (const std::system_error&) {
            for (auto& result : results) result.error = EAGAIN;
            return results;
        }
        shared_->served = true;
    }
    shared_->asked = std::move(paths);
    shared_->answered.clear();
    shared_->busy = true;
    shared_->changed.notify_all();
    for (std::size_t known = 0;
         !shared_->changed.wait_for(lock, deadline_, [&] { return !shared_->busy; });
         known = shared_->answered.size()) {
        if (known == shared_->answered.size()) break;
    }
    shared_->asked.clear();  // what is left is for nobody
    if (shared_->busy) results.at(shared_->answered.size()).error = ETIMEDOUT;
    std::ranges::move(shared_->answered, results.begin());
    return results;
}

void DeadlineReader::serve(const std::shared_ptr<SharedState>& shared) {
    std::unique_lock lock(shared->mutex);
    for (;;) {
        shared->changed.wait(lock, [&] { return shared->busy || shared->closed; });
        while (!shared->closed && shared->answered.size() < shared->asked.size()) {
            const std::string path = std::move(shared->asked[shared->answered.size()]);
            lock.unlock();
            Result result = shared->read_file(path);
            lock.lock();
            shared->answered.push_back(std::move(result));
        }
        if (shared->closed) return;
        shared->busy = false;
        shared->changed.notify_all();
    }
}

}  // namespace chorus::agent
