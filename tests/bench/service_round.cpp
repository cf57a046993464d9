// One round of service checks: `service_round CHECKS HANGING TIMEOUT_SECONDS` prints as JSON how
// long it took, when the checks that do not hang were done, and the CPU time it cost.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "aggregator/health/prober.h"
#include "aggregator/health/service_config.h"
#include "common/descriptor_limit.h"
#include "common/json_writer.h"

namespace {

using namespace chorus;
using Seconds = std::chrono::duration<double>;

int listener(std::uint16_t& port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(fd, generic, size) != 0 || listen(fd, 4'096) != 0 ||
        getsockname(fd, generic, &size) != 0) {
        std::perror("listener");
        std::exit(1);
    }
    port = ntohs(address.sin_port);
    return fd;
}

// Answers one connection after the other until the process ends.
void serve(int fd) {
    constexpr std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    std::array<char, 4'096> request{};
    for (;;) {
        const int connection = accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
        if (connection < 0) continue;
        if (recv(connection, request.data(), request.size(), 0) > 0) {
            send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
        }
        close(connection);
    }
}

double thread_cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fputs("usage: service_round CHECKS HANGING TIMEOUT_SECONDS\n", stderr);
        return 64;
    }
    const auto checks = static_cast<std::size_t>(std::atoi(argv[1]));
    const auto hanging = static_cast<std::size_t>(std::atoi(argv[2]));
    raise_descriptor_limit();
    std::uint16_t fast_port = 0, silent_port = 0;
    const int fast = listener(fast_port);
    listener(silent_port);
    std::thread{[fast] { serve(fast); }}.detach();

    const net::AddressRules rules;
    const SystemClock clock;
    JsonWriter text;
    text.begin_object();
    for (std::size_t i = 0; i < checks; ++i) {
        // The hanging ones come first: the worst order.
        const auto port = std::to_string(i < hanging ? silent_port : fast_port);
        text.field("service-" + std::to_string(i), "http://127.0.0.1:" + port + "/");
    }
    text.end_object();
    auto services = health::parse_services(text.text(), std::chrono::seconds{60}, rules).services;
    for (auto& service : services) service.timeout = std::chrono::seconds{std::atoi(argv[3])};

    health::Prober prober{rules, clock, {}};
    const auto begin = std::chrono::steady_clock::now();
    const Timestamp began = clock.now();
    const double cpu = thread_cpu_seconds();
    for (std::size_t i = 0; i < services.size(); ++i) prober.start(i, services[i]);
    const auto finished = prober.run(health::Probe::Time::max());
    const Seconds took = std::chrono::steady_clock::now() - begin;
    double last_healthy = 0;
    std::size_t healthy = 0;
    std::int64_t slowest_ms = 0;
    for (const auto& one : finished) {
        if (one.result.health != health::Health::healthy) continue;
        ++healthy;
        last_healthy = std::max(last_healthy, Seconds(one.time - began).count());
        slowest_ms = std::max<std::int64_t>(slowest_ms, one.result.response_time->count());
    }
    JsonWriter out;
    out.begin_object()
        .field("checks", finished.size())
        .field("healthy", healthy)
        .field("round_seconds", took.count())
        .field("healthy_seconds", last_healthy)
        .field("slowest_healthy_ms", slowest_ms)
        .field("cpu_seconds", thread_cpu_seconds() - cpu)
        .end_object();
    std::puts(out.text().c_str());
    std::fflush(stdout);
    std::_Exit(0);
}
