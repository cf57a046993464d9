#!/usr/bin/env bash
# Surprise: a PostgreSQL session of Poco that cannot connect throws, and keeps its descriptor and its
# memory for the life of the process. A program that tries again every second while its server is
# away reaches the usual limit of 1,024 descriptors within twenty minutes.
#
# Seen with Poco 1.11.0-3+deb12u1 and libpq 15 of Debian 12: 100 refused connections leave 100
# descriptors open and 1.1 MB of memory. libpq itself, used as its manual says, leaves none.
#
# Exits 0 if that is still so, 1 if it changed, 2 if it could not be tried.
set -euo pipefail

version=1.11.0-3+deb12u1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

packages=(libpoco-dev="$version" libpocofoundation80="$version" libpocodata80="$version"
    libpocodatapostgresql80="$version" libpq-dev libpq5)
apt-get download -qq "${packages[@]}" || exit 2
for package in ./*.deb; do dpkg-deb -x "$package" root; done
libraries=$work/root/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)

cat >try.cpp <<'CPP'
#include <Poco/Data/PostgreSQL/Connector.h>
#include <Poco/Data/Session.h>
#include <libpq-fe.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

long descriptors() {
    namespace fs = std::filesystem;
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
}

long resident_kib() {
    std::ifstream status("/proc/self/statm");
    long size = 0, resident = 0;
    status >> size >> resident;
    return resident * 4;
}

int main() {
    // Port 1 of this machine: nobody listens there.
    const std::string target = "host=127.0.0.1 port=1 user=nobody dbname=nothing";
    Poco::Data::PostgreSQL::Connector::registerConnector();
    const auto poco = [&] {
        try {
            Poco::Data::Session session("postgresql", target, 2);
        } catch (const Poco::Exception&) {
        }
    };
    const auto libpq = [&] { PQfinish(PQconnectdb(target.c_str())); };
    poco();  // what is made once is not counted
    libpq();
    long fds = descriptors(), memory = resident_kib();
    for (int i = 0; i < 100; ++i) libpq();
    std::printf("libpq %ld %ld\n", descriptors() - fds, resident_kib() - memory);
    fds = descriptors(), memory = resident_kib();
    for (int i = 0; i < 100; ++i) poco();
    std::printf("poco %ld %ld\n", descriptors() - fds, resident_kib() - memory);
}
CPP
g++ -std=c++17 -O1 -isystem root/usr/include -isystem root/usr/include/postgresql try.cpp -o try \
    -L"$libraries" -lPocoDataPostgreSQL -lPocoData -lPocoFoundation -lpq 2>build.log || {
    cat build.log >&2
    exit 2
}
LD_LIBRARY_PATH=$libraries ./try | tee seen

read -r _ fds_of_libpq _ <seen
read -r _ fds_of_poco memory_of_poco < <(tail -1 seen)
if ((fds_of_libpq == 0 && fds_of_poco >= 90 && memory_of_poco >= 500)); then
    echo "as described: each failed connection of Poco $version keeps a descriptor and its memory"
else
    echo "changed: libpq keeps $fds_of_libpq descriptors, Poco $fds_of_poco and $memory_of_poco KiB"
    exit 1
fi
