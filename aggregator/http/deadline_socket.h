// Reads and writes of a connected socket that end at a point in time, whatever the peer does.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace chorus::http {

using SteadyTime = std::chrono::steady_clock::time_point;

enum class IoResult { ok, closed, timeout };

// Does not own the descriptor. Every wait is a poll(2) with what is left of the deadline, so that a
// peer that sends a byte now and then cannot stretch it.
class DeadlineSocket {
  public:
    explicit DeadlineSocket(int fd) : fd_(fd) {}

    // Appends what has come, at most `most` bytes, waiting for the first of them.
    IoResult read_some(std::string& buffer, std::size_t most, SteadyTime deadline);
    IoResult write_all(std::string_view bytes, SteadyTime deadline);
    // Says that nothing more will be written, then swallows a bounded rest of what the peer still
    // sends: closing with unread bytes would reset the connection and lose our answer.
    void linger(std::size_t most_bytes, std::chrono::milliseconds most_time);
    // Closing will drop what was not sent: the kernel need not keep it for a peer that does not
    // read.
    void reset_on_close();
    // Wakes a reader from another thread.
    void abort();

  private:
    int fd_;
};

}  // namespace chorus::http
