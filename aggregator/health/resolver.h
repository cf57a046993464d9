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

namespace chorus::health {

struct Address {
    sockaddr_storage storage{};
    socklen_t length = 0;
    const sockaddr& get() const { return reinterpret_cast<const sockaddr&>(storage); }
};

// Answers come from /etc/hosts and the DNS servers of /etc/resolv.conf. Used by one thread. It
// polls the descriptors of wanted() and passes ready ones to process().
class Resolver {
  public:
    // Addresses in the order of preference (RFC 6724), or none and a sentence that says why.
    using Done = std::function<void(std::vector<Address>, const std::string& error)>;

    // `servers` replaces those of resolv.conf: "127.0.0.1:5353,..."; for tests.
    explicit Resolver(const std::string& servers = {});
    ~Resolver();  // pending lookups are given up; their `done` is not called
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    // `done` is called once, from here or from process().
    void look_up(const std::string& host, std::uint16_t port, Done done);
    std::size_t pending() const { return pending_; }

    std::vector<pollfd> wanted() const;
    // Also to be called when `longest_wait` has passed, because of the retries.
    void process(const std::vector<pollfd>& ready);
    std::chrono::milliseconds longest_wait(std::chrono::milliseconds most) const;

  private:
    struct Free {
        void operator()(ares_channeldata* channel) const;
    };
    struct Lookup;
    static void note_socket(void* self, int fd, int readable, int writable);

    std::map<int, short> sockets_;  // descriptors of c-ares and the events it wants
    std::size_t pending_ = 0;
    bool ending_ = false;
    std::unique_ptr<ares_channeldata, Free> channel_;
};

}  // namespace chorus::health
