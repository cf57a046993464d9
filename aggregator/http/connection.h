// One client connection. It reads requests one after the other, each within its limits and
// deadlines.
#pragma once

#include <Poco/Net/StreamSocket.h>
#include <Poco/Net/TCPServerConnection.h>

#include <atomic>
#include <string>

#include "aggregator/http/connection_hub.h"
#include "aggregator/http/deadline_socket.h"

namespace chorus::http {

class Connection final : public Poco::Net::TCPServerConnection {
  public:
    Connection(const Poco::Net::StreamSocket& socket, ConnectionHub& hub);
    void run() override;

    // From other threads, through the hub.
    bool idle() const { return idle_; }
    void abort() { io_.abort(); }

  private:
    // One request on its way to its answer.
    struct Exchange {
        Head head;
        const Route* route = nullptr;
        SteadyTime begun{};    // when its first byte was there
        SteadyTime started{};  // when its head was complete
        bool keep_alive = false;
    };

    void refuse_connection();
    // Returns whether the connection may go on. So do the functions below, except those that read.
    bool serve_one();
    bool serve_without_body(Exchange& exchange, std::optional<Response> refused);
    bool serve_with_body(Exchange& exchange);
    bool answer(const Exchange& exchange, Response response);
    bool refuse(Exchange& exchange, const HeadError& error);

    // False: the connection is over. The client was told why, if it could be reached.
    bool read_head(Exchange& exchange);
    bool read_body(Exchange& exchange);

    ConnectionHub& hub_;
    DeadlineSocket io_;
    std::string client_ip_;
    std::string buffer_;  // bytes read and not yet used
    std::atomic<bool> idle_{true};
};

}  // namespace chorus::http
