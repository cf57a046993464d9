#include "aggregator/notify/smtp.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <string_view>

#include "aggregator/notify/encoding.h"
#include "aggregator/notify/smtp_reply.h"
#include "common/services/service_request.h"
#include "common/text.h"

namespace chorus::notify {
namespace {

constexpr std::size_t kLongestReply = 16'384;

// A reply that ends this mail, for now or for good.
struct Refused {
    SmtpStep step;
    SmtpReply reply;
};

// The dialogue with the server: commands and numbered replies.
class Dialogue {
  public:
    Dialogue(Stream& stream) : stream_(stream) {}

    // The reply's code and all its lines.
    int reply() {
        lines_.clear();
        std::size_t seen = 0;
        for (;;) {
            const std::string line = read_line();
            seen += line.size();
            if (line.size() < 3 || seen > kLongestReply ||
                !std::all_of(line.begin(), line.begin() + 3,
                             [](char c) { return c >= '0' && c <= '9'; })) {
                throw StreamError("not a mail server");
            }
            lines_.push_back(line.size() > 4 ? line.substr(4) : std::string());
            if (line.size() == 3 || line[3] != '-') return std::stoi(line.substr(0, 3));
        }
    }
    int command(const std::string& text) {
        stream_.write(text + "\r\n");
        return reply();
    }
    void expect(int code, int wanted, SmtpStep step) const {
        if (code / 100 == wanted / 100) return;
        Refused refused{step, {code, {}}};
        for (const auto& line : lines_) refused.reply.text += line + "\n";
        throw refused;
    }
    // With EHLO, or HELO where the server does not know that; it then offers no extension.
    void greet(const std::string& name) {
        extensions_.clear();
        const int code = command("EHLO " + name);
        if (code / 100 == 5) {
            return expect(command("HELO " + name), 250, SmtpStep::hello);
        }
        expect(code, 250, SmtpStep::hello);
        extensions_ = lines_;
    }
    // Whether the server offers an extension, and its parameters.
    std::optional<std::string> offers(std::string_view extension) const {
        for (const auto& line : extensions_) {
            const std::string_view word = std::string_view{line}.substr(0, line.find(' '));
            if (equals_ignoring_case(word, extension)) return to_lower(line.substr(word.size()));
        }
        return std::nullopt;
    }
    // What the server said before TLS began counts no more: it may come from somebody in between.
    void forget() {
        buffer_.clear();
        lines_.clear();
        extensions_.clear();
    }

  private:
    std::string read_line() {
        for (;;) {
            if (const auto end = buffer_.find('\n'); end != std::string::npos) {
                std::string line = buffer_.substr(0, end);
                buffer_.erase(0, end + 1);
                if (line.ends_with('\r')) line.pop_back();
                return line;
            }
            if (buffer_.size() > kLongestReply) throw StreamError("not a mail server");
            std::array<char, 4'096> bytes{};
            const auto n = stream_.read(bytes.data(), bytes.size());
            if (n == 0) throw StreamError("connection closed");
            buffer_.append(bytes.data(), n);
        }
    }

    Stream& stream_;
    std::string buffer_;
    std::vector<std::string> lines_;       // of the last reply
    std::vector<std::string> extensions_;  // of the last EHLO
};

std::string own_host() {
    std::array<char, 256> name{};
    gethostname(name.data(), name.size() - 1);
    return name.data();
}

bool is_full_name(std::string_view name) {
    return is_host_name(name) && name.find('.') != std::string_view::npos;
}

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

void log_in(Dialogue& dialogue, const SmtpServer& server) {
    if (server.user.empty()) return;
    const auto methods = dialogue.offers("AUTH").value_or("");
    if (methods.find("plain") != std::string::npos) {
        const std::string plain = std::string(1, '\0') + server.user + '\0' + server.password;
        dialogue.expect(dialogue.command("AUTH PLAIN " + to_base64(plain)), 235, SmtpStep::login);
    } else {
        dialogue.expect(dialogue.command("AUTH LOGIN"), 334, SmtpStep::login);
        dialogue.expect(dialogue.command(to_base64(server.user)), 334, SmtpStep::login);
        dialogue.expect(dialogue.command(to_base64(server.password)), 235, SmtpStep::login);
    }
}

// `hello` is the name that the server was greeted with, once that is known.
void converse(const Network& network, const SmtpServer& server, const Mail& mail,
              const std::string& text, std::string& hello) {
    Stream stream{network, server.host, server.port,
                  std::chrono::steady_clock::now() + kSendDeadline};
    bool encrypted = server.tls_from_start;
    if (encrypted) stream.start_tls(server.host);
    Dialogue dialogue{stream};
    dialogue.expect(dialogue.reply(), 220, SmtpStep::greeting);
    hello = hello_name(server, own_host(), stream.own_address());
    dialogue.greet(hello);
    if (!encrypted && dialogue.offers("STARTTLS")) {
        dialogue.expect(dialogue.command("STARTTLS"), 220, SmtpStep::start_tls);
        dialogue.forget();
        stream.start_tls(server.host);
        encrypted = true;
        dialogue.greet(hello);
    }
    if (!encrypted && !server.allow_plain) {
        throw StreamError("the mail server offers no STARTTLS");
    }
    if (encrypted) log_in(dialogue, server);
    dialogue.expect(dialogue.command("MAIL FROM:<" + server.from + ">"), 250, SmtpStep::sender);
    dialogue.expect(dialogue.command("RCPT TO:<" + mail.to + ">"), 250, SmtpStep::recipient);
    dialogue.expect(dialogue.command("DATA"), 354, SmtpStep::text);
    dialogue.expect(dialogue.command(text + "."), 250, SmtpStep::text);
    try {
        dialogue.command("QUIT");  // the mail is accepted already
    } catch (const StreamError&) {
        return;
    }
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

std::string hello_name(const SmtpServer& server, const std::string& own_host,
                       const std::string& own_address) {
    if (!server.hello.empty()) return server.hello;
    const auto domain = server.from.substr(server.from.find('@') + 1);
    if (is_full_name(domain)) return domain;
    if (is_full_name(own_host)) return own_host;
    const bool ipv6 = own_address.find(':') != std::string::npos;
    return "[" + (ipv6 ? "IPv6:" + own_address : own_address) + "]";
}

SendResult smtp_send(const Network& network, const SmtpServer& server, const Mail& mail,
                     Timestamp now) {
    std::string hello;
    try {
        converse(network, server, mail, compose(mail, server.from, now), hello);
        return {};
    } catch (const Refused& refused) {
        return judge_refusal(refused.step, refused.reply, hello);
    } catch (const std::runtime_error& e) {
        return SendResult::retry(e.what());
    }
}

}  // namespace chorus::notify
