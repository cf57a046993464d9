#!/usr/bin/env bash
# Surprise: with a precompiled <string>, GCC warns about code of the standard library itself, at a call
# that it does not warn about when it reads the same header as text. A build with -Werror, clean for
# years, fails as soon as someone precompiles headers to make it faster.
#
# Seen with g++-12 12.2.0-14+deb12u1 of Debian 12 at -O2 -Wall: -Wstringop-overflow inside
# char_traits.h, for a string whose length is kept in a counter of 32 bits, as zlib's is. Neither
# including the header nor -Wsystem-headers shows the warning; the precompiled header does.
#
# Exits 0 if that is still so, 1 if it changed, 2 if it could not be tried.
set -euo pipefail

version=12.2.0-14+deb12u1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

apt-get download -qq {g++,gcc,cpp}-12="$version" lib{stdc++,gcc}-12-dev="$version" || exit 2
for package in ./*.deb; do dpkg-deb -x "$package" root; done
multiarch=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
compile=(root/usr/bin/g++-12 -std=c++20 -O2 -Wall -isystem root/usr/include/c++/12
    -isystem "root/usr/include/$multiarch/c++/12")

cat >header.h <<'CPP'
#include <string>
CPP
cat >inflate.cpp <<'CPP'
#include <string>

struct Stream {
    char* next;
    unsigned left;
};
bool advance(Stream&);

std::string all(std::size_t limit) {
    Stream stream{};
    std::string out;
    std::size_t used = 0;
    for (bool done = false; !done;) {
        if (used >= out.size()) out.resize(used < limit ? used * 2 + 4096 : limit + 1);
        stream.next = out.data() + used;
        stream.left = static_cast<unsigned>(out.size() - used);
        done = advance(stream);
        used = out.size() - stream.left;
    }
    out.resize(used);
    return out;
}
CPP

warnings() { "${compile[@]}" "$@" -c inflate.cpp -o inflate.o 2>&1 | grep -c 'Wstringop-overflow' || true; }
text=$(warnings -include header.h)
system=$(warnings -Wsystem-headers)
"${compile[@]}" -x c++-header header.h -o header.h.gch || exit 2
precompiled=$(warnings -include header.h)

echo "g++ $version: warnings with the header as text $text, with -Wsystem-headers $system," \
    "precompiled $precompiled"
[[ $text == 0 && $system == 0 && $precompiled -gt 0 ]]
