// Resolves names without a thread: c-ares in the caller's poll loop.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

struct ares_channeldata;

namespace chorus::net {

struct Address {
    sockaddr_storage storage{};
    socklen_t length = 0;
    const sockaddr& get() const { return reinterpret_cast<const sockaddr&>(storage); }
};

// Answers come from /etc/hosts and the DNS servers of /etc/resolv.conf. Used by one thread, which
// calls wait() while anything is pending.
class Resolver {
  public:
    using Time = std::chrono::steady_clock::time_point;
    // Addresses in the order of preference (RFC 6724), or none and a sentence that says why.
    using Done = std::function<void(std::vector<Address>, const std::string& error)>;

    // `servers` replaces those of resolv.conf: "127.0.0.1:5353,..."; for tests.
    explicit Resolver(std::string servers = {}) : servers_(std::move(servers)) {}
    ~Resolver();  // pending lookups are given up; their `done` is not called
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    // `done` is called once, from here or from wait(). Throws std::runtime_error if no name can be
    // looked up at all.
    void look_up(const std::string& host, std::uint16_t port, Done done);
    std::size_t pending() const { return pending_; }

    // The one place where this program's clients wait. Returns when one of `others` is ready (then
    // its revents say for what), when something was heard of a name, or when the time has come, and
    // after a minute at the latest.
    void wait(std::vector<pollfd>& others, Time until);

  private:
    struct Free {
        void operator()(ares_channeldata* channel) const;
    };
    struct Lookup;
    // Made by the first name: it reads /etc/resolv.conf, which an address does not need. Throws
    // std::runtime_error.
    ares_channeldata* channel();
    std::chrono::milliseconds pause(Time until) const;
    static void note_socket(void* self, int fd, int readable, int writable);

    const std::string servers_;
    std::map<int, short> sockets_;  // descriptors of c-ares and the events it wants
    std::size_t pending_ = 0;
    bool ending_ = false;
    std::unique_ptr<ares_channeldata, Free> channel_;
};

}  // namespace chorus::net
