// Reads text/event-stream (HTML standard, "Server-sent events") piece by piece.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace chorus::agent {

class EventReader {
  public:
    static constexpr std::size_t kLongestLine = 4'096;
    static constexpr std::size_t kLongestEvent = 16'384;

    using Handler = std::function<void(std::string_view name, std::string_view data)>;
    explicit EventReader(Handler handler) : handler_(std::move(handler)) {}

    // Calls the handler for each complete event. False if a line or an event is above the bounds:
    // this is no event stream.
    bool feed(std::string_view piece);

  private:
    bool take_line(std::string_view line);

    Handler handler_;
    std::string line_;
    std::string name_;
    std::string data_;
};

}  // namespace chorus::agent
