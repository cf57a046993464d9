#include "aggregator/notify/smtp_reply.h"

#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include "aggregator/notify/one_of.h"
#include "common/text.h"

namespace chorus::notify {
namespace {

using net::SmtpReply;
using net::SmtpStep;

// "5.7.1", as it stands before the words (RFC 2034): subject 7, detail 1.
struct Enhanced {
    int subject = 0;
    int detail = 0;
};

std::optional<Enhanced> enhanced_code(std::string_view text) {
    const auto parts = split(text.substr(0, text.find_first_of(" \n")), '.');
    std::array<int, 3> numbers{};
    if (parts.size() != numbers.size()) return std::nullopt;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const auto part = parts[i];
        const auto [end, error] =
            std::from_chars(part.data(), part.data() + part.size(), numbers[i]);
        if (error != std::errc{} || end != part.data() + part.size()) return std::nullopt;
    }
    return Enhanced{numbers[1], numbers[2]};
}

const char* name_of(SmtpStep step) {
    switch (step) {
        case SmtpStep::greeting:
            return "the connection";
        case SmtpStep::hello:
            return "the greeting";
        case SmtpStep::start_tls:
            return "STARTTLS";
        case SmtpStep::login:
            return "the login";
        case SmtpStep::sender:
            return "the sender";
        case SmtpStep::recipient:
            return "the recipient";
        case SmtpStep::text:
            break;
    }
    return "the text";
}

class Refusal {
  public:
    Refusal(SmtpStep step, const SmtpReply& reply)
        : step_(step),
          code_(reply.code),
          words_(to_lower(reply.text)),
          enhanced_(enhanced_code(reply.text)) {}

    bool is_for_now() const { return code_ / 100 != 5; }

    // Servers judge the name late, when they are told the recipient.
    bool is_about_our_name() const {
        return code_ == 504 || says("helo") || (step_ == SmtpStep::hello && code_ != 554) ||
               (step_ == SmtpStep::recipient && is(5, {2, 4}));
    }
    bool wants_a_login() const {
        return is_one_of(code_, {530, 534, 535, 538}) || step_ == SmtpStep::login ||
               is(7, {8, 9, 11}) || (step_ != SmtpStep::text && says("authenticat"));
    }
    bool is_about_our_right_to_send() const {
        // 5.7.1 of a text is a filter's verdict on it; the others are about where it comes from.
        if (step_ == SmtpStep::text) return has_subject(7) && enhanced_->detail > 1;
        return has_subject(7) || code_ == 571 || says("relay") || says("block") ||
               says("blacklist");
    }
    bool is_about_the_sender() const { return step_ == SmtpStep::sender || is(1, {7, 8}); }

    bool is_about_the_recipient() const {
        if (step_ != SmtpStep::recipient) return false;
        // A full mailbox (5.2.2) may be emptied, and a message that is too long (5.2.3) is no fault
        // of the mailbox.
        if (enhanced_) {
            return has_subject(1) || (has_subject(2) && !is(2, {2, 3}));
        }
        return is_one_of(code_, {550, 551, 553, 556});
    }
    bool is_about_the_text() const {
        if (is(2, {3}) || is(3, {4}) || has_subject(6)) return true;
        if (step_ != SmtpStep::text) return false;
        if (enhanced_) return has_subject(7) || has_subject(0);
        return is_one_of(code_, {550, 552, 554});
    }

  private:
    // "Relaying denied" is 550, 553 or 554, often without a code that tells what it is about.
    bool says(std::string_view word) const {
        return (!enhanced_ || enhanced_->subject == 0 || enhanced_->subject == 7) &&
               words_.find(word) != std::string::npos;
    }
    bool has_subject(int subject) const { return enhanced_ && enhanced_->subject == subject; }
    bool is(int subject, std::initializer_list<int> details) const {
        return has_subject(subject) && is_one_of(enhanced_->detail, details);
    }

    SmtpStep step_;
    int code_;
    std::string words_;
    std::optional<Enhanced> enhanced_;
};

// What an operator can do about a refusal that is about us; empty if nothing is known.
std::string remedy(const Refusal& refusal, const std::string& hello) {
    if (refusal.wants_a_login()) return ": check the user in smtp-url, and smtp-password";
    if (refusal.is_about_our_name()) {
        return ": it was greeted as " + hello +
               "; set smtp-hello to a full host name that it takes";
    }
    if (refusal.is_about_our_right_to_send()) {
        return ": it takes no mail from here; let it relay for this machine, or give a user in "
               "smtp-url";
    }
    if (refusal.is_about_the_sender()) return ": check smtp-from";
    return {};
}

}  // namespace

SendResult judge_refusal(const net::SmtpRefusal& refused) {
    const auto& [step, reply, hello] = refused;
    const Refusal refusal(step, reply);
    const std::string error = std::string("the mail server refuses ") + name_of(step) + " (" +
                              std::to_string(reply.code) + ")";
    if (refusal.is_for_now()) return SendResult::retry(error);
    const auto remedy_for_us = remedy(refusal, hello);
    if (!remedy_for_us.empty()) return SendResult::retry(error + remedy_for_us);
    if (refusal.is_about_the_text()) return SendResult::refused(error);
    if (refusal.is_about_the_recipient()) return SendResult::impossible(error);
    return SendResult::retry(error);
}

}  // namespace chorus::notify
