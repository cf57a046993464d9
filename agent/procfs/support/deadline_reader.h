// Reads files that may hang.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace chorus::agent {

// /proc/PID/cmdline takes the memory lock of its process. A process that hangs in a page fault
// holds its readers, and nothing can free them. So a helper thread reads, and the caller waits for
// it up to a deadline: the file that takes longer fails with ETIMEDOUT. While the thread hangs,
// every read fails at once with EBUSY. When it comes back, reading goes on. There is never more
// than one such thread. For one caller.
//
// A hand-over to the thread costs some futex calls. So who reads many files hands them over at
// once.
class DeadlineReader {
  public:
    struct Result {
        std::string text;
        int error = 0;  // errno; 0 = read
    };

    using ReadFile = std::function<Result(const std::string& path)>;
    // Reads files below `root`.
    static ReadFile files_below(const std::string& root);

    // The helper thread calls `read_file`, which owns all it uses.
    DeadlineReader(ReadFile read_file, std::chrono::milliseconds deadline);
    ~DeadlineReader();
    DeadlineReader(const DeadlineReader&) = delete;
    DeadlineReader& operator=(const DeadlineReader&) = delete;

    Result read(const std::string& path) { return std::move(read_all({path}).front()); }
    // One result for each path. The deadline is for each file. At one that hangs the others behind
    // it, which were not asked for, fail with EBUSY.
    std::vector<Result> read_all(std::vector<std::string> paths);

  private:
    struct SharedState;  // shared with the thread, which may outlive this object
    static void serve(const std::shared_ptr<SharedState>& shared);

    std::chrono::milliseconds deadline_;
    std::shared_ptr<SharedState> shared_;
};

}  // namespace chorus::agent
