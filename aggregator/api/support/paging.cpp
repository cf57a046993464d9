#include "aggregator/api/support/paging.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "common/text.h"

namespace chorus::api {
namespace {

bool is_paging(std::string_view name) {
    constexpr std::array<std::string_view, 5> names{"cursor", "limit", "offset", "skip", "count"};
    return std::find(names.begin(), names.end(), name) != names.end();
}

std::uint32_t checksum(const http::Request& request, std::string_view position) {
    std::string text = request.path;
    for (const auto& [name, value] : request.query) {
        if (!is_paging(name)) text += '\x1F' + name + '\x1E' + value;
    }
    text += '\x1D';
    text += position;
    return static_cast<std::uint32_t>(
        crc32_z(0, reinterpret_cast<const unsigned char*>(text.data()), text.size()));
}

std::string position_text(const store::SampleCursor& cursor) {
    return std::to_string(to_unix_micros(cursor.time)) + '.' + std::to_string(cursor.host_id) +
           '.' + std::to_string(cursor.position);
}

template <typename T>
bool read_number(std::string_view text, T& value, int base = 10) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    return error == std::errc{} && end == text.data() + text.size();
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view hex = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                           (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.' || c == '~';
        if (plain) {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += '%';
            out += hex[byte >> 4U];
            out += hex[byte & 15U];
        }
    }
    return out;
}

}  // namespace

std::string make_cursor(const http::Request& request, const std::string& position) {
    std::array<char, 16> crc{};
    std::snprintf(crc.data(), crc.size(), "%08x", checksum(request, position));
    return position + '.' + crc.data();
}

std::string make_cursor(const http::Request& request, const store::SampleCursor& cursor) {
    return make_cursor(request, position_text(cursor));
}

std::optional<std::string> read_position(const http::Request& request,
                                         http::Parameters& parameters) {
    const auto text = parameters.text("cursor", 100);
    if (!text) return std::nullopt;
    const auto dot = text->rfind('.');
    std::uint32_t crc = 0;
    if (dot == std::string::npos || !read_number(text->substr(dot + 1), crc, 16) ||
        crc != checksum(request, text->substr(0, dot))) {
        parameters.fault({"cursor_invalid",
                          {std::string("query"), std::string("cursor")},
                          "Cursor is not one that this query gave"});
        return std::nullopt;
    }
    return text->substr(0, dot);
}

std::optional<store::SampleCursor> read_cursor(const http::Request& request,
                                               http::Parameters& parameters) {
    const auto position = read_position(request, parameters);
    if (!position) return std::nullopt;
    const auto parts = split(*position, '.');
    std::int64_t micros = 0;
    store::SampleCursor cursor;
    if (parts.size() != 3 || !read_number(parts[0], micros) ||
        !read_number(parts[1], cursor.host_id) || !read_number(parts[2], cursor.position)) {
        return std::nullopt;  // a checksum that fits by chance
    }
    cursor.time = from_unix_micros(micros);
    return cursor;
}

void add_next_link(http::Response& response, const http::Request& request,
                   std::string_view parameter, const std::string& value) {
    std::string link = "<" + request.path + "?";
    for (const auto& [name, given] : request.query) {
        const bool replaced = name == "cursor" || name == "offset" || name == "skip";
        if (!replaced) link += percent_encode(name) + '=' + percent_encode(given) + '&';
    }
    link += std::string(parameter) + '=' + percent_encode(value) + ">; rel=\"next\"";
    response.with("Link", link);
}

}  // namespace chorus::api
