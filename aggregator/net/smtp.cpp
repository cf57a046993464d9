#include "aggregator/net/smtp.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "common/base64.h"
#include "common/http/url.h"
#include "common/text.h"

namespace chorus::net {
namespace {

constexpr std::size_t kLongestReply = 16'384;

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
        SmtpRefusal refused{step, {code, {}}, {}};
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

// `hello` is the name that the server was greeted with, once that is known. Throws SmtpRefusal.
void converse(Stream& stream, const SmtpServer& server, const std::string& to,
              const std::string& text, std::string& hello) {
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
    dialogue.expect(dialogue.command("RCPT TO:<" + to + ">"), 250, SmtpStep::recipient);
    dialogue.expect(dialogue.command("DATA"), 354, SmtpStep::text);
    dialogue.expect(dialogue.command(text + "."), 250, SmtpStep::text);
    try {
        dialogue.command("QUIT");  // the mail is accepted already
    } catch (const StreamError&) {
        return;
    }
}

}  // namespace

std::string hello_name(const SmtpServer& server, const std::string& own_host,
                       const std::string& own_address) {
    if (!server.hello.empty()) return server.hello;
    const auto domain = server.from.substr(server.from.find('@') + 1);
    if (is_full_name(domain)) return domain;
    if (is_full_name(own_host)) return own_host;
    const bool ipv6 = own_address.find(':') != std::string::npos;
    return "[" + (ipv6 ? "IPv6:" + own_address : own_address) + "]";
}

std::optional<SmtpRefusal> smtp_send(const Network& network, const SmtpServer& server,
                                     const Mail& mail, Timestamp now, Stream::Deadline deadline) {
    Stream stream{network, server.host, server.port, deadline};
    std::string hello;
    try {
        converse(stream, server, mail.to, compose(mail, server.from, now), hello);
        return std::nullopt;
    } catch (SmtpRefusal& refusal) {
        refusal.hello = hello;
        return refusal;
    }
}

}  // namespace chorus::net
