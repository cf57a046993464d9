#include "aggregator/net/resolver.h"

#include <ares.h>
#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <utility>

namespace chorus::net {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongestWait{60'000};
constexpr milliseconds kServerTimeout{2'000};  // the first try; later ones are longer
constexpr int kTries = 2;
constexpr std::size_t kMostAddresses = 8;

std::string resolver_error(int status) {
    switch (status) {
        case ARES_ENOTFOUND:
        case ARES_ENODATA:
            return "Name not found";
        case ARES_ETIMEOUT:
        case ARES_ECONNREFUSED:
            return "Name server does not answer";
        default:
            return "Name lookup failed";
    }
}

// A host that is an address already: c-ares 1.18 asks name servers for those as well.
std::optional<Address> literal(const std::string& host, std::uint16_t port) {
    Address address;
    sockaddr_in v4{};
    sockaddr_in6 v6{};
    if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        address.length = sizeof v4;
        std::memcpy(&address.storage, &v4, sizeof v4);
    } else if (inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        address.length = sizeof v6;
        std::memcpy(&address.storage, &v6, sizeof v6);
    } else {
        return std::nullopt;
    }
    return address;
}

std::vector<Address> copy_addresses(const ares_addrinfo* list) {
    std::vector<Address> addresses;
    for (const auto* node = list ? list->nodes : nullptr;
         node != nullptr && addresses.size() < kMostAddresses; node = node->ai_next) {
        if (node->ai_addrlen > sizeof(sockaddr_storage)) continue;
        Address address;
        std::memcpy(&address.storage, node->ai_addr, node->ai_addrlen);
        address.length = node->ai_addrlen;
        addresses.push_back(address);
    }
    return addresses;
}

}  // namespace

struct Resolver::Lookup {
    Resolver* owner;
    Done done;

    static void finished(void* argument, int status, int /*timeouts*/, ares_addrinfo* list) {
        const std::unique_ptr<Lookup> lookup{static_cast<Lookup*>(argument)};
        auto addresses = copy_addresses(list);
        if (list != nullptr) ares_freeaddrinfo(list);
        --lookup->owner->pending_;
        if (lookup->owner->ending_) return;
        const std::string error = addresses.empty() ? resolver_error(status) : std::string();
        lookup->done(std::move(addresses), error);
    }
};

void Resolver::Free::operator()(ares_channeldata* channel) const {
    ares_destroy(channel);
}

ares_channeldata* Resolver::channel() {
    if (channel_) return channel_.get();
    ares_options options{};
    options.timeout = static_cast<int>(kServerTimeout.count());
    options.tries = kTries;
    options.sock_state_cb = &Resolver::note_socket;
    options.sock_state_cb_data = this;
    ares_channel made = nullptr;
    const int status = ares_init_options(
        &made, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
    if (status != ARES_SUCCESS) {
        throw std::runtime_error(std::string("name resolution: ") + ares_strerror(status));
    }
    std::unique_ptr<ares_channeldata, Free> ready{made};
    if (!servers_.empty() && ares_set_servers_ports_csv(made, servers_.c_str()) != ARES_SUCCESS) {
        throw std::runtime_error("name servers must be addresses with ports");
    }
    channel_ = std::move(ready);
    return channel_.get();
}

Resolver::~Resolver() {
    ending_ = true;
    channel_.reset();  // calls `finished` of what is pending
}

void Resolver::note_socket(void* self, int fd, int readable, int writable) {
    auto& sockets = static_cast<Resolver*>(self)->sockets_;
    const int events = (readable != 0 ? POLLIN : 0) | (writable != 0 ? POLLOUT : 0);
    if (events == 0) {
        sockets.erase(fd);
    } else {
        sockets[fd] = static_cast<short>(events);
    }
}

void Resolver::look_up(const std::string& host, std::uint16_t port, Done done) {
    if (const auto address = literal(host, port)) return done({*address}, {});
    auto lookup = std::make_unique<Lookup>(Lookup{this, std::move(done)});
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = ARES_AI_NUMERICSERV;
    ares_channeldata* const names = channel();
    ++pending_;
    ares_getaddrinfo(names, host.c_str(), std::to_string(port).c_str(), &hints, &Lookup::finished,
                     lookup.release());
}

milliseconds Resolver::pause(Time until) const {
    auto pause = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
    pause = std::clamp(pause, milliseconds{0}, kLongestWait);
    if (pending_ == 0) return pause;
    timeval limit{pause.count() / 1'000, (pause.count() % 1'000) * 1'000};
    timeval buffer{};
    const timeval* wait = ares_timeout(channel_.get(), &limit, &buffer);
    return std::min(pause, milliseconds{wait->tv_sec * 1'000 + wait->tv_usec / 1'000 + 1});
}

void Resolver::wait(std::vector<pollfd>& others, Time until) {
    std::vector<pollfd> polled = others;
    for (const auto& [fd, events] : sockets_) polled.push_back({fd, events, 0});
    poll(polled.data(), polled.size(), static_cast<int>(pause(until).count()));
    const auto own = polled.begin() + static_cast<std::ptrdiff_t>(others.size());
    std::copy(polled.begin(), own, others.begin());
    std::for_each(own, polled.end(), [&](const pollfd& entry) {
        const bool in = (entry.revents & (POLLIN | POLLERR | POLLHUP)) != 0;
        const bool out = (entry.revents & POLLOUT) != 0;
        if (in || out) {
            ares_process_fd(channel_.get(), in ? entry.fd : ARES_SOCKET_BAD,
                            out ? entry.fd : ARES_SOCKET_BAD);
        }
    });
    if (channel_) ares_process_fd(channel_.get(), ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // timeouts
}

}  // namespace chorus::net
