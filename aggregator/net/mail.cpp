#include "aggregator/net/mail.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "common/base64.h"
#include "common/text.h"

namespace chorus::net {
namespace {

// Text of a header: RFC 2047 where it is not plain ASCII, in pieces of whole characters.
std::string header_text(std::string_view outside) {
    std::string text = repair_utf8(outside);
    std::replace_if(
        text.begin(), text.end(),
        [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; }, ' ');
    const bool ascii = std::all_of(text.begin(), text.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 128; });
    if (ascii && text.size() <= 200 && text.find("=?") == std::string::npos) return text;
    constexpr std::size_t kPiece = 42;  // 56 in base64: with its frame below 76
    std::string encoded;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = at;
        while (end < text.size()) {
            const auto length = utf8_sequence_length(std::string_view{text}.substr(end));
            if (end + length - at > kPiece) break;
            end += length;
        }
        encoded += (encoded.empty() ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?") +
                   to_base64(text.substr(at, end - at)) + "?=";
        at = end;
    }
    return encoded;
}

std::string mail_date(Timestamp time) {
    const std::time_t seconds = to_unix_micros(time) / 1'000'000;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 64> buffer{};
    static_cast<void>(
        std::strftime(buffer.data(), buffer.size(), "%a, %d %b %Y %H:%M:%S +0000", &parts));
    return buffer.data();
}

}  // namespace

bool is_mail_address(std::string_view text) {
    const auto at = text.find('@');
    if (at == 0 || at == std::string_view::npos || at + 1 == text.size() || text.size() > 254 ||
        text.find('@', at + 1) != std::string_view::npos) {
        return false;
    }
    return std::all_of(text.begin(), text.end(), [](char c) {
        return c > ' ' && c < '\x7F' &&
               std::string_view{"\"<>()[],;:\\"}.find(c) == std::string_view::npos;
    });
}

std::string compose(const Mail& mail, const std::string& from, Timestamp now) {
    const std::string domain = from.substr(from.find('@') + 1);
    std::string text = "From: Chorus <" + from + ">\r\nTo: <" + mail.to +
                       ">\r\nSubject: " + header_text(mail.subject) +
                       "\r\nDate: " + mail_date(now) + "\r\nMessage-ID: <" + mail.message_id + "@" +
                       domain +
                       ">\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                       "Content-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n";
    for (const auto& [name, value] : mail.headers) {
        text += name + ": " + header_text(value) + "\r\n";
    }
    text += "\r\n";
    // Base64 has no line that begins with a dot and none that is too long.
    const std::string body = to_base64(repair_utf8(mail.text));
    for (std::size_t at = 0; at < body.size(); at += 76) text += body.substr(at, 76) + "\r\n";
    return text;
}

}  // namespace chorus::net
