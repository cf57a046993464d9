#!/usr/bin/env bash
# Surprise: the time limit of a libcurl transfer does not hold while its name server is silent. libcurl
# asks for names on threads, and ends a transfer only when its thread has ended, which getaddrinfo
# decides. The call that waits so is curl_multi_perform(), so every other transfer of that multi handle
# stands still meanwhile, also one that needs no name.
#
# Seen with libcurl 7.88.1-10+deb12u15 of Debian 12: a transfer with a limit of one second ends after
# ten, and so does one beside it whose answer came after two. curl's list of known bugs has it as
# "Multi perform hangs waiting for threaded resolver". The manual of CURLOPT_TIMEOUT_MS says nothing
# of it. CURLOPT_QUICK_EXIT ends the wait, and leaves the thread behind.
#
# Exits 0 if that is still so, 1 if it changed, 2 if it could not be tried.
set -euo pipefail

version=7.88.1-10+deb12u15
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

apt-get download -qq libcurl4-openssl-dev="$version" libcurl4="$version" || exit 2
for package in ./*.deb; do dpkg-deb -x "$package" root; done
multiarch=$(dpkg-architecture -qDEB_HOST_MULTIARCH)

cat >try.cpp <<'CPP'
#include <arpa/inet.h>
#include <curl/curl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>

int bound(int type, std::uint16_t port) {
    const int fd = socket(AF_INET, type, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return -1;
    return fd;
}

std::size_t drop(char*, std::size_t size, std::size_t count, void*) { return size * count; }

CURL* transfer(CURLM* multi, const char* url, long limit_ms) {
    CURL* one = curl_easy_init();
    curl_easy_setopt(one, CURLOPT_URL, url);
    curl_easy_setopt(one, CURLOPT_TIMEOUT_MS, limit_ms);
    curl_easy_setopt(one, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(one, CURLOPT_PROXY, "");
    curl_easy_setopt(one, CURLOPT_WRITEFUNCTION, drop);
    curl_multi_add_handle(multi, one);
    return one;
}

int main() {
    // A network of our own, whose loopback has to be switched on.
    const int any = socket(AF_INET, SOCK_DGRAM, 0);
    ifreq loopback{};
    std::strcpy(loopback.ifr_name, "lo");
    loopback.ifr_flags = IFF_UP | IFF_RUNNING;
    if (ioctl(any, SIOCSIFFLAGS, &loopback) != 0) return 2;
    if (bound(SOCK_DGRAM, 53) < 0) return 2;  // the name server: it takes questions and is silent
    const int server = bound(SOCK_STREAM, 8080);
    if (server < 0 || listen(server, 1) != 0) return 2;
    std::thread([server] {  // a receiver that needs two seconds for its answer
        const int client = accept(server, nullptr, nullptr);
        std::this_thread::sleep_for(std::chrono::seconds(2));
        const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        if (write(client, answer.data(), answer.size()) < 0) std::perror("write");
    }).detach();

    std::printf("version %s\n", curl_version_info(CURLVERSION_NOW)->version);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURLM* multi = curl_multi_init();
    CURL* named = transfer(multi, "http://monitor.example/", 1'000);
    transfer(multi, "http://127.0.0.1:8080/", 30'000);
    const auto begin = std::chrono::steady_clock::now();
    for (int left = 2; left > 0;) {
        int running = 0, waiting = 0;
        curl_multi_perform(multi, &running);
        while (CURLMsg* ended = curl_multi_info_read(multi, &waiting)) {
            const std::chrono::duration<double> after = std::chrono::steady_clock::now() - begin;
            std::printf("%s %.1f s: %s\n", ended->easy_handle == named ? "named" : "other", after.count(),
                        curl_easy_strerror(ended->data.result));
            --left;
        }
        if (left > 0) curl_multi_poll(multi, nullptr, 0, 100, nullptr);
    }
    std::fflush(stdout);
    _exit(0);
}
CPP
g++ -std=c++17 -O1 -isystem "root/usr/include/$multiarch" -isystem root/usr/include try.cpp -o try \
    -pthread "root/usr/lib/$multiarch/libcurl.so.4" 2>build.log || {
    cat build.log >&2
    exit 2
}
echo "nameserver 127.0.0.1" >resolv.conf
cat >inside <<'SH'
mount --bind resolv.conf /etc/resolv.conf && LD_LIBRARY_PATH=$1 exec ./try
SH
echo "expected: named ends after 1 s, other after 2 s"
unshare --user --map-root-user --net --mount bash inside "root/usr/lib/$multiarch" | tee seen ||
    { echo "needs namespaces of its own" >&2; exit 2; }

if awk '$1 == "named" { n = $2 } $1 == "other" { o = $2 } END { exit !(n > 5 && o > 5) }' seen; then
    echo "as described: both ended only when the name server was given up"
else
    echo "changed: see the times above"
    exit 1
fi
