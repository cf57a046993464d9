#include "agent/procfs/support/guarded_reader.h"

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

struct GuardedReader::Desk {
    explicit Desk(ReadFile read) : read_file(std::move(read)) {}

    ReadFile read_file;  // of the thread
    std::mutex mutex;    // protects the members below
    std::condition_variable changed;
    std::optional<std::string> asked;  // path
    std::optional<Result> answered;
    bool busy = false;    // a question is open
    bool served = false;  // there is a thread
    bool closed = false;
};

GuardedReader::ReadFile GuardedReader::files_below(const std::string& root) {
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

GuardedReader::GuardedReader(ReadFile read_file, std::chrono::milliseconds deadline)
    : deadline_(deadline), desk_(std::make_shared<Desk>(std::move(read_file))) {}

GuardedReader::~GuardedReader() {
    const std::lock_guard lock(desk_->mutex);
    desk_->closed = true;
    desk_->changed.notify_all();
}

GuardedReader::Result GuardedReader::read(const std::string& path) {
    std::unique_lock lock(desk_->mutex);
    if (desk_->busy) return {.text = {}, .error = ETIMEDOUT};
    if (!desk_->served) {
        try {
            std::thread([desk = desk_] { serve(desk); }).detach();
        } catch (const std::system_error&) {
            return {.text = {}, .error = EAGAIN};
        }
        desk_->served = true;
    }
    desk_->asked = path;
    desk_->answered.reset();
    desk_->busy = true;
    desk_->changed.notify_all();
    if (!desk_->changed.wait_for(lock, deadline_, [&] { return desk_->answered.has_value(); })) {
        return {.text = {}, .error = ETIMEDOUT};
    }
    return std::move(*desk_->answered);
}

void GuardedReader::serve(const std::shared_ptr<Desk>& desk) {
    std::unique_lock lock(desk->mutex);
    for (;;) {
        desk->changed.wait(lock, [&] { return desk->asked || desk->closed; });
        if (desk->closed) return;
        const std::string path = std::move(*desk->asked);
        desk->asked.reset();
        lock.unlock();
        Result result = desk->read_file(path);
        lock.lock();
        desk->answered = std::move(result);
        desk->busy = false;
        desk->changed.notify_all();
    }
}

}  // namespace chorus::agent
