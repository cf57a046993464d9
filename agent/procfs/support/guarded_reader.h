// Reads files that may hang.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace chorus::agent {

// /proc/PID/cmdline takes the memory lock of its process. A process that hangs in a page fault
// holds its readers, and nothing can free them. So a helper thread reads, and the caller waits for
// it up to a deadline. While the thread hangs, every read fails at once with ETIMEDOUT. When it
// comes back, reading goes on. There is never more than one such thread. For one caller.
class GuardedReader {
  public:
    struct Result {
        std::string text;
        int error = 0;  // errno; 0 = read
    };

    using ReadFile = std::function<Result(const std::string& path)>;
    // Reads files below `root`.
    static ReadFile files_below(const std::string& root);

    // The helper thread calls `read_file`, which owns all it uses.
    GuardedReader(ReadFile read_file, std::chrono::milliseconds deadline);
    ~GuardedReader();
    GuardedReader(const GuardedReader&) = delete;
    GuardedReader& operator=(const GuardedReader&) = delete;

    Result read(const std::string& path);

  private:
    struct Desk;  // shared with the thread, which may outlive this object
    static void serve(const std::shared_ptr<Desk>& desk);

    std::chrono::milliseconds deadline_;
    std::shared_ptr<Desk> desk_;
};

}  // namespace chorus::agent
