// Reads and writes on a connected socket. They end at a point in time, whatever the peer does.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace chorus::http {

using SteadyTime = std::chrono::steady_clock::time_point;

enum class IoResult { ok, closed, timeout };

// Does not own the descriptor. Every wait is a poll(2) for the rest of the time. So a peer that
// sends a byte now and then cannot make it longer.
class DeadlineSocket {
  public:
    explicit DeadlineSocket(int fd) : fd_(fd) {}

    // Waits for a first byte and appends what has come, at most `most` bytes.
    IoResult read_some(std::string& buffer, std::size_t most, SteadyTime deadline);
    IoResult write_all(std::string_view bytes, SteadyTime deadline);
    // Says that nothing more will be written. Then reads and drops what the peer still sends, up to
    // a bound: closing with unread bytes would reset the connection and lose our answer.
    void linger(std::size_t most_bytes, std::chrono::milliseconds most_time);
    // Makes closing drop what was not sent. So the kernel does not keep it for a peer that does not
    // read.
    void reset_on_close();
    // Wakes a reader from another thread.
    void abort();

  private:
    int fd_;
};

}  // namespace chorus::http
