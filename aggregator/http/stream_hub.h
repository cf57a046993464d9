// Connections that stay open so that the server can write to them (text/event-stream). All are on
// one thread.
#pragma once

#include <Poco/Net/SocketImpl.h>
#include <Poco/Net/StreamSocket.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace chorus::http {

using StreamId = std::uint64_t;
using StreamBytes = std::shared_ptr<const std::string>;

struct StreamHubLimits {
    std::size_t outbox_bytes = 256U << 10U;   // that wait for one client; above it is cut off
    std::size_t input_bytes = 16U << 10U;     // a client has nothing to say
    std::size_t orders = 100'000;             // that wait for the thread
    std::chrono::milliseconds ping{15'000};   // between two comments that keep a stream alive
    std::chrono::milliseconds stall{60'000};  // longest time a client may leave bytes untaken
};

// An epoll(7) loop. A slow client delays nobody else: a write never blocks. What a client does not
// take waits in its own bounded outbox. A client above the bound is cut off. Thread-safe.
class StreamHub {
  public:
    explicit StreamHub(StreamHubLimits limits = {});
    ~StreamHub() { stop(); }
    StreamHub(const StreamHub&) = delete;
    StreamHub& operator=(const StreamHub&) = delete;

    void start();
    // Closes every stream and ends the thread.
    void stop();

    // A number for a new stream. No number is used twice.
    StreamId next_id() { return ++last_id_; }
    // Takes over a connection whose head is sent. `closed` is called once when the stream is over,
    // by the hub's thread or by the caller of stop(). It must not block. False if the hub is not
    // running; then `closed` is not called.
    bool park(StreamId id, Poco::Net::StreamSocket socket, std::function<void()> closed);
    // Texts are sent in the order of the calls. Calls for streams that are over are ignored.
    void send(std::vector<StreamId> to, StreamBytes bytes);
    void send(StreamId to, StreamBytes bytes) { send(std::vector{to}, std::move(bytes)); }
    void close(StreamId id);

  private:
    using Time = std::chrono::steady_clock::time_point;
    struct Stream {
        Poco::Net::StreamSocket socket;
        std::function<void()> closed;
        std::deque<StreamBytes> outbox{};  // made of whole messages; the first may be half sent
        std::size_t sent_of_first = 0;
        std::size_t outbox_bytes = 0;
        std::size_t input_bytes = 0;
        bool wants_write = false;
        Time next_ping{};
        int fd() const { return socket.impl()->sockfd(); }
    };
    // Orders for the thread, in their order.
    struct Order {
        enum class Kind { park, send, close };
        Kind kind = Kind::send;
        std::vector<StreamId> to{};
        StreamBytes bytes{};
        std::optional<Poco::Net::StreamSocket> socket{};
        std::function<void()> closed{};
    };
    class Descriptor {
      public:
        explicit Descriptor(int fd);
        ~Descriptor();
        Descriptor(const Descriptor&) = delete;
        Descriptor& operator=(const Descriptor&) = delete;
        int get() const { return fd_; }

      private:
        int fd_;
    };

    bool give(Order&& order);
    void wake() const;
    void run();
    void take_orders();
    void carry_out(Order& order);
    void accept(Order& order);
    // False: the stream is over.
    bool flush(Stream& stream);
    bool swallow_input(Stream& stream);
    void watch(StreamId id, Stream& stream);
    void on_ready(StreamId id, std::uint32_t events);
    void on_tick(Time now);
    void end(StreamId id);

    const StreamHubLimits limits_;
    const Descriptor epoll_;
    const Descriptor wake_;
    const StreamBytes ping_;
    std::atomic<StreamId> last_id_{0};
    std::thread thread_;

    std::mutex mutex_;  // protects both below
    std::vector<Order> orders_;
    bool running_ = false;

    std::unordered_map<StreamId, Stream> streams_;  // of the thread alone
};

}  // namespace chorus::http
