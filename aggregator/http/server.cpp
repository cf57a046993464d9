#include "aggregator/http/server.h"

#include <Poco/Net/TCPServerConnectionFactory.h>
#include <Poco/Net/TCPServerParams.h>

#include <stdexcept>

#include "common/settings/listening_port.h"

namespace chorus::http {
namespace {

constexpr int kBacklog = 1'024;
constexpr int kStackBytes = 256 << 10;
constexpr int kSpareThreads = 16;  // answer 503 to those above the limit
// Short, because a thread that begins to wait just as the server stops is not woken: Poco's queue
// forgets a wake-up nobody waited for. Then stop() takes this much longer.
constexpr int kIdleThreadSeconds = 2;

class Factory final : public Poco::Net::TCPServerConnectionFactory {
  public:
    explicit Factory(ConnectionHub& hub) : hub_(hub) {}
    Poco::Net::TCPServerConnection* createConnection(
        const Poco::Net::StreamSocket& socket) override {
        // Poco takes ownership of a plain pointer here.
        return std::make_unique<Connection>(socket, hub_).release();
    }

  private:
    ConnectionHub& hub_;
};

Poco::Net::ServerSocket bind_socket(const std::string& address, std::uint16_t port) {
    try {
        Poco::Net::ServerSocket socket;
        socket.bind(Poco::Net::SocketAddress(address, port), true, false);
        socket.listen(kBacklog);
        return socket;
    } catch (const Poco::Exception& e) {
        if (e.code() == 0) {  // the address was not understood
            throw std::runtime_error("cannot listen on " + address + ": " + e.displayText());
        }
        throw std::runtime_error(cannot_listen(address, port, e.code(), "--port"));
    }
}

}  // namespace

Server::Server(const std::string& address, std::uint16_t port, Dispatcher& dispatcher,
               ServerLimits limits, MetricsRegistry& metrics)
    : hub_(dispatcher, limits, metrics),
      socket_(bind_socket(address, port)),
      port_(socket_.address().port()),
      threads_("http", 2, static_cast<int>(limits.connections) + kSpareThreads, kIdleThreadSeconds,
               kStackBytes) {
    Poco::Net::TCPServerParams::Ptr params = new Poco::Net::TCPServerParams;  // NOLINT
    params->setMaxThreads(static_cast<int>(limits.connections) + kSpareThreads);
    params->setMaxQueued(kBacklog);
    params->setThreadIdleTime(Poco::Timespan(kIdleThreadSeconds, 0));
    const Poco::Net::TCPServerConnectionFactory::Ptr factory = new Factory(hub_);  // NOLINT
    server_ = std::make_unique<Poco::Net::TCPServer>(factory, threads_, socket_, params);
}

Server::~Server() {
    if (running_) stop(std::chrono::milliseconds{0});
}

void Server::start() {
    server_->start();
    running_ = true;
}

void Server::stop(std::chrono::milliseconds grace) {
    if (!running_) return;
    running_ = false;
    server_->stop();
    socket_.close();  // or who is connected and not accepted would wait for an answer
    hub_.drain();
    hub_.finish(std::chrono::steady_clock::now() + grace);
    threads_.joinAll();
}

}  // namespace chorus::http
