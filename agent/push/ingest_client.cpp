#include "agent/push/ingest_client.h"

#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>

#include <algorithm>
#include <array>
#include <istream>
#include <ostream>
#include <stdexcept>
#include <utility>

#include "common/batch.h"

namespace chorus::agent {
namespace {

using Poco::Net::HTTPRequest;
using Poco::Net::HTTPResponse;

// StreamSocket takes a ready implementation only in a derived class.
class DeadlineSocket final : public Poco::Net::StreamSocket {
  public:
    explicit DeadlineSocket(const Deadline& deadline)
        : StreamSocket(new DeadlineSocketImpl(deadline)) {}  // reference-counted by Poco
};

std::string user_agent() {
    return std::string("chorus-agent/") + CHORUS_VERSION;
}

std::string host_header(const Endpoint& endpoint) {
    const bool v6 = endpoint.host.find(':') != std::string::npos;
    return (v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

}  // namespace

IngestClient::IngestClient(Endpoint endpoint, std::string token, std::chrono::milliseconds limit)
    : endpoint_(std::move(endpoint)), token_(std::move(token)), limit_(limit) {}

void IngestClient::bring_forward(Deadline::Clock::time_point at) {
    final_.bring_forward(at);
    deadline_.bring_forward(at);
}

std::variant<Answer, NoAnswer> IngestClient::post(std::string_view body_zstd) {
    deadline_.set(Deadline::Clock::now() + limit_);
    deadline_.bring_forward(final_.at());
    for (;;) {
        const bool reused = session_ != nullptr;
        try {
            if (!reused) connect();
            return exchange(body_zstd);
        } catch (const Poco::TimeoutException&) {
            session_.reset();
            return NoAnswer{"no complete answer in time"};
        } catch (const Poco::Exception& e) {
            session_.reset();
            if (!reused) return NoAnswer{e.displayText()};
        } catch (const std::runtime_error& e) {
            session_.reset();
            return NoAnswer{e.what()};
        }
    }
}

void IngestClient::connect() {
    const Poco::Net::SocketAddress address(endpoint_.host, endpoint_.port);
    DeadlineSocket socket(deadline_);
    socket.connect(address, Poco::Timespan());  // by the deadline
    socket.setNoDelay(true);
    session_ = std::make_unique<Poco::Net::HTTPClientSession>(socket);
    session_->setKeepAlive(true);
    // Whether the connection is still good is found out by using it.
    session_->setKeepAliveTimeout(Poco::Timespan(24 * 3'600, 0));
}

Answer IngestClient::exchange(std::string_view body_zstd) {
    HTTPRequest request(HTTPRequest::HTTP_POST, endpoint_.base_path + "/api/v1/ingest",
                        HTTPRequest::HTTP_1_1);
    request.set("Host", host_header(endpoint_));
    request.set("Authorization", "Bearer " + token_);
    request.set("X-Chorus-Protocol", std::to_string(kProtocolVersion));
    request.set("User-Agent", user_agent());
    request.set("Content-Encoding", "zstd");
    request.setContentType("application/json");
    request.setContentLength64(static_cast<Poco::Int64>(body_zstd.size()));
    request.setKeepAlive(true);
    auto& out = session_->sendRequest(request);
    out.write(body_zstd.data(), static_cast<std::streamsize>(body_zstd.size()));
    out.flush();
    if (!out) {
        // An answer may be there all the same (413 before the body was read), but what the stream
        // swallowed says only that the connection is broken.
        session_->networkException() ? session_->networkException()->rethrow()
                                     : throw Poco::Net::NetException("sending failed");
    }
    HTTPResponse response;
    std::istream& in = session_->receiveResponse(response);
    Answer answer{.status = static_cast<int>(response.getStatus()),
                  .body = read_body(in, response),
                  .retry_after = response.get("Retry-After", "")};
    if (!response.getKeepAlive()) session_.reset();
    return answer;
}

std::string IngestClient::read_body(std::istream& stream, const HTTPResponse& response) {
    const auto length = response.getContentLength64();
    if (length == HTTPResponse::UNKNOWN_CONTENT_LENGTH) {
        throw std::runtime_error("an answer without Content-Length");
    }
    if (length > static_cast<Poco::Int64>(kAnswerLimit)) {
        throw std::runtime_error("an answer above 64 KiB");
    }
    std::string body(static_cast<std::size_t>(length), '\0');
    stream.read(body.data(), static_cast<std::streamsize>(body.size()));
    if (stream.gcount() != static_cast<std::streamsize>(body.size())) {
        if (const auto* fault = session_->networkException()) fault->rethrow();
        throw std::runtime_error("an answer shorter than its Content-Length");
    }
    return body;
}

}  // namespace chorus::agent
