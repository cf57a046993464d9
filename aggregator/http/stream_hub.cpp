#include "aggregator/http/stream_hub.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "common/log.h"

namespace chorus::http {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr Logger kStreamHubLog{"streams"};
constexpr StreamId kWakeUp = 0;  // no stream has this number
constexpr milliseconds kTick{1'000};
constexpr int kEvents = 256;
// The kernel holds this much for a client that does not read, beside its outbox.
constexpr int kSendBuffer = 64 << 10;

int checked(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

void prepare(int fd, milliseconds stall) {
    const int on = 1;
    const int buffer = kSendBuffer;
    const auto timeout = static_cast<unsigned>(stall.count());
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    // A peer that is gone without a word, or reads no more, is given up after this time.
    ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof timeout);
}

}  // namespace

StreamHub::Descriptor::Descriptor(int fd) : fd_(fd) {}
StreamHub::Descriptor::~Descriptor() {
    ::close(fd_);
}

StreamHub::StreamHub(StreamHubLimits limits)
    : limits_(limits),
      epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_(checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")),
      ping_(std::make_shared<const std::string>(": ping\n\n")) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = kWakeUp;
    checked(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event), "epoll_ctl");
}

void StreamHub::start() {
    const std::lock_guard lock(mutex_);
    if (running_) return;
    running_ = true;
    thread_ = std::thread([this] { run(); });
}

void StreamHub::stop() {
    {
        const std::lock_guard lock(mutex_);
        if (!running_) return;
        running_ = false;
    }
    wake();
    thread_.join();
    take_orders();  // those parked meanwhile are closed with the others
    while (!streams_.empty()) end(streams_.begin()->first);
}

bool StreamHub::park(StreamId id, Poco::Net::StreamSocket socket, std::function<void()> closed) {
    Order order;
    order.kind = Order::Kind::park;
    order.to = {id};
    order.socket = std::move(socket);
    order.closed = std::move(closed);
    return give(std::move(order));
}

void StreamHub::send(std::vector<StreamId> to, StreamBytes bytes) {
    if (to.empty()) return;
    Order order;
    order.to = std::move(to);
    order.bytes = std::move(bytes);
    give(std::move(order));
}

void StreamHub::close(StreamId id) {
    Order order;
    order.kind = Order::Kind::close;
    order.to = {id};
    give(std::move(order));
}

bool StreamHub::give(Order&& order) {
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        if (!running_) return false;
        if (orders_.size() >= limits_.orders && order.kind != Order::Kind::close) {
            kStreamHubLog.error("Streams fall behind; a message is lost",
                                {{"waiting", orders_.size()}});
            return false;
        }
        first = orders_.empty();
        orders_.push_back(std::move(order));
    }
    if (first) wake();
    return true;
}

void StreamHub::wake() const {
    const std::uint64_t one = 1;
    // Only fails when the counter is full, and then the thread wakes anyhow.
    [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

void StreamHub::run() {
    std::array<epoll_event, kEvents> events{};
    Time next_tick = SteadyClock::now() + kTick;
    for (;;) {
        const auto left = std::chrono::ceil<milliseconds>(next_tick - SteadyClock::now());
        const int ready =
            ::epoll_wait(epoll_.get(), events.data(), kEvents,
                         static_cast<int>(std::max<milliseconds::rep>(left.count(), 0)));
        for (int i = 0; i < ready; ++i) {
            const auto& event = events.at(static_cast<std::size_t>(i));
            if (event.data.u64 != kWakeUp) on_ready(event.data.u64, event.events);
        }
        std::uint64_t count = 0;
        [[maybe_unused]] const ssize_t n = ::read(wake_.get(), &count, sizeof count);
        take_orders();
        const Time now = SteadyClock::now();
        if (now >= next_tick) {
            on_tick(now);
            next_tick = now + kTick;
        }
        const std::lock_guard lock(mutex_);
        if (!running_) return;
    }
}

void StreamHub::take_orders() {
    std::vector<Order> orders;
    {
        const std::lock_guard lock(mutex_);
        orders.swap(orders_);
    }
    for (Order& order : orders) carry_out(order);
}

void StreamHub::carry_out(Order& order) {
    if (order.kind == Order::Kind::park) return accept(order);
    if (order.kind == Order::Kind::close) return end(order.to.front());
    for (const StreamId id : order.to) {
        const auto found = streams_.find(id);
        if (found == streams_.end()) continue;
        Stream& stream = found->second;
        if (stream.outbox_bytes + order.bytes->size() > limits_.outbox_bytes) {
            kStreamHubLog.info("A stream whose client does not keep up is closed",
                               {{"waiting_bytes", stream.outbox_bytes}});
            end(id);
            continue;
        }
        stream.outbox.push_back(order.bytes);
        stream.outbox_bytes += order.bytes->size();
        flush(stream) ? watch(id, stream) : end(id);
    }
}

void StreamHub::accept(Order& order) {
    const StreamId id = order.to.front();
    Stream& stream = streams_.emplace(id, Stream{std::move(*order.socket), std::move(order.closed)})
                         .first->second;
    prepare(stream.fd(), limits_.stall);
    stream.next_ping = SteadyClock::now() + limits_.ping;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP;
    event.data.u64 = id;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, stream.fd(), &event) < 0) {
        kStreamHubLog.error("A stream cannot be watched", {{"errno", errno}});
        end(id);
    }
}

bool StreamHub::flush(Stream& stream) {
    while (!stream.outbox.empty()) {
        const std::string& first = *stream.outbox.front();
        const ssize_t n = ::send(stream.fd(), first.data() + stream.sent_of_first,
                                 first.size() - stream.sent_of_first, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
        stream.sent_of_first += static_cast<std::size_t>(n);
        stream.outbox_bytes -= static_cast<std::size_t>(n);
        if (stream.sent_of_first < first.size()) continue;
        stream.outbox.pop_front();
        stream.sent_of_first = 0;
    }
    return true;
}

void StreamHub::watch(StreamId id, Stream& stream) {
    const bool wants_write = !stream.outbox.empty();
    if (wants_write == stream.wants_write) return;
    stream.wants_write = wants_write;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP | (wants_write ? EPOLLOUT : 0U);
    event.data.u64 = id;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, stream.fd(), &event);
}

bool StreamHub::swallow_input(Stream& stream) {
    std::array<char, 4'096> ignored;
    const ssize_t n = ::recv(stream.fd(), ignored.data(), ignored.size(), MSG_DONTWAIT);
    if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    stream.input_bytes += static_cast<std::size_t>(n);
    return n > 0 && stream.input_bytes <= limits_.input_bytes;
}

void StreamHub::on_ready(StreamId id, std::uint32_t events) {
    const auto found = streams_.find(id);
    if (found == streams_.end()) return;
    Stream& stream = found->second;
    const bool over = (events & (EPOLLERR | EPOLLHUP)) != 0;
    if (over || ((events & (EPOLLIN | EPOLLRDHUP)) != 0 && !swallow_input(stream))) return end(id);
    if ((events & EPOLLOUT) != 0) flush(stream) ? watch(id, stream) : end(id);
}

void StreamHub::on_tick(Time now) {
    std::vector<StreamId> due;
    for (auto& [id, stream] : streams_) {
        if (stream.next_ping > now) continue;
        stream.next_ping = now + limits_.ping;
        due.push_back(id);
    }
    Order pings;
    pings.to = std::move(due);
    pings.bytes = ping_;
    carry_out(pings);
}

void StreamHub::end(StreamId id) {
    const auto found = streams_.find(id);
    if (found == streams_.end()) return;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, found->second.fd(), nullptr);
    const auto closed = std::move(found->second.closed);
    streams_.erase(found);  // closes the socket
    if (closed) closed();
}

}  // namespace chorus::http
