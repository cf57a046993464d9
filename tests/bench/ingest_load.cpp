// Drives an aggregator with simulated agents over keep-alive connections, one request in flight on
// each, from a single epoll thread so that the generator takes as little of the machine as it can.
//
//   ingest_load PORT METRICS PROCESSES BATCHES_PER_AGENT [prometheus] < tokens
//
// One agent a token, read line by line from standard input. With `prometheus` the metrics go as
// text to the import endpoint of a VictoriaMetrics, the reference. Prints one JSON line: batches,
// seconds, batches per second, answers by status, latency percentiles in milliseconds.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/json_writer.h"
#include "tests/bench/load_agent.h"

namespace {

using SteadyClock = std::chrono::steady_clock;

struct Connection {
    int fd = -1;
    std::vector<std::string> requests;
    std::size_t next = 0;
    std::string answer;
    SteadyClock::time_point sent;
};

int connect_to(std::uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        throw std::runtime_error("cannot connect to 127.0.0.1:" + std::to_string(port));
    }
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

void send_next(Connection& c) {
    const std::string& request = c.requests[c.next++];
    c.sent = SteadyClock::now();
    std::size_t done = 0;
    while (done < request.size()) {
        const ssize_t n = send(c.fd, request.data() + done, request.size() - done, MSG_NOSIGNAL);
        if (n <= 0)
            throw std::runtime_error("the aggregator closed a connection while it was sent to");
        done += static_cast<std::size_t>(n);
    }
}

// The status once the whole answer is there, else 0.
int complete_answer(const std::string& answer) {
    const auto head = answer.find("\r\n\r\n");
    if (head == std::string::npos) return 0;
    const auto at = answer.find("Content-Length: ");
    std::size_t length = 0;
    if (at != std::string::npos && at < head) {
        std::from_chars(answer.data() + at + 16, answer.data() + head, length);
    }
    if (answer.size() < head + 4 + length) return 0;
    int status = 0;
    std::from_chars(answer.data() + 9, answer.data() + 12, status);
    return status;
}

struct Result {
    std::map<int, std::uint64_t> by_status;
    std::vector<double> latencies_ms;
    double seconds = 0;
};

Result run(std::vector<Connection>& connections) {
    Result result;
    const int poll = epoll_create1(0);
    for (std::size_t i = 0; i < connections.size(); ++i) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = i;
        epoll_ctl(poll, EPOLL_CTL_ADD, connections[i].fd, &event);
    }
    const auto started = SteadyClock::now();
    for (Connection& c : connections) send_next(c);
    std::size_t busy = connections.size();
    std::array<epoll_event, 256> events{};
    std::array<char, 16'384> buffer{};
    while (busy > 0) {
        const int ready = epoll_wait(poll, events.data(), static_cast<int>(events.size()), 30'000);
        if (ready <= 0) throw std::runtime_error("no answer for 30 s");
        for (int i = 0; i < ready; ++i) {
            Connection& c = connections[events[static_cast<std::size_t>(i)].data.u64];
            const ssize_t n = recv(c.fd, buffer.data(), buffer.size(), 0);
            if (n <= 0) throw std::runtime_error("the aggregator closed a connection");
            c.answer.append(buffer.data(), static_cast<std::size_t>(n));
            const int status = complete_answer(c.answer);
            if (status == 0) continue;
            ++result.by_status[status];
            const std::chrono::duration<double, std::milli> took = SteadyClock::now() - c.sent;
            result.latencies_ms.push_back(took.count());
            c.answer.clear();
            if (c.next < c.requests.size()) {
                send_next(c);
            } else {
                --busy;
            }
        }
    }
    result.seconds = std::chrono::duration<double>(SteadyClock::now() - started).count();
    close(poll);
    return result;
}

void print(Result& result) {
    std::sort(result.latencies_ms.begin(), result.latencies_ms.end());
    const auto percentile = [&](double p) {
        return result.latencies_ms[static_cast<std::size_t>(
            p * static_cast<double>(result.latencies_ms.size() - 1))];
    };
    chorus::JsonWriter json;
    json.begin_object()
        .field("batches", result.latencies_ms.size())
        .field("seconds", result.seconds)
        .field("batches_per_second",
               static_cast<double>(result.latencies_ms.size()) / result.seconds)
        .field("p50_ms", percentile(0.5))
        .field("p99_ms", percentile(0.99))
        .key("status")
        .begin_object();
    for (const auto& [status, count] : result.by_status) {
        json.field(std::to_string(status), count);
    }
    json.end_object().end_object();
    std::cout << json.text() << '\n';
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5 && argc != 6) {
        std::cerr << "usage: ingest_load PORT METRICS PROCESSES BATCHES_PER_AGENT [prometheus]"
                     " < tokens\n";
        return 64;
    }
    try {
        const auto port = static_cast<std::uint16_t>(std::strtoul(argv[1], nullptr, 10));
        chorus::bench::LoadShape shape;
        shape.metrics = std::atoi(argv[2]);
        shape.processes = std::atoi(argv[3]);
        shape.batches = std::atoi(argv[4]);
        shape.prometheus = argc == 6;
        shape.seed = static_cast<std::uint64_t>(
            std::chrono::system_clock::now().time_since_epoch().count() % 1'000'000);
        std::vector<Connection> connections;
        for (std::string token; std::getline(std::cin, token);) {
            Connection c;
            c.requests =
                chorus::bench::make_requests(shape, static_cast<int>(connections.size()), token);
            c.fd = connect_to(port);
            connections.push_back(std::move(c));
        }
        if (connections.empty()) throw std::runtime_error("no tokens on standard input");
        Result result = run(connections);
        print(result);
        return 0;
    } catch (const std::exception& e) {
        std::cerr << "ingest_load: " << e.what() << '\n';
        return 70;
    }
}
