#include "agent/procfs/support/deadline_reader.h"

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <optional>
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
    std::optional<std::string> asked;  // path
    std::optional<Result> answered;
    bool busy = false;    // a question is open
    bool served = false;  // there is a thread
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

DeadlineReader::Result DeadlineReader::read(const std::string& path) {
    std::unique_lock lock(shared_->mutex);
    if (shared_->busy) return {.text = {}, .error = ETIMEDOUT};
    if (!shared_->served) {
        try {
            std::thread([shared = shared_] { serve(shared); }).detach();
        } catch (const std::system_error&) {
            return {.text = {}, .error = EAGAIN};
        }
        shared_->served = true;
    }
    shared_->asked = path;
    shared_->answered.reset();
    shared_->busy = true;
    shared_->changed.notify_all();
    if (!shared_->changed.wait_for(lock, deadline_,
                                   [&] { return shared_->answered.has_value(); })) {
        return {.text = {}, .error = ETIMEDOUT};
    }
    return std::move(*shared_->answered);
}

void DeadlineReader::serve(const std::shared_ptr<SharedState>& shared) {
    std::unique_lock lock(shared->mutex);
    for (;;) {
        shared->changed.wait(lock, [&] { return shared->asked || shared->closed; });
        if (shared->closed) return;
        const std::string path = std::move(*shared->asked);
        shared->asked.reset();
        lock.unlock();
        Result result = shared->read_file(path);
        lock.lock();
        shared->answered = std::move(result);
        shared->busy = false;
        shared->changed.notify_all();
    }
}

}  // namespace chorus::agent
