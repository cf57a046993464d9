#include "aggregator/postgres/listener.h"

#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <string_view>
#include <system_error>

#include "common/log.h"

namespace chorus::store {
namespace {

using std::chrono::milliseconds;

constexpr Logger kListenerLog{"store"};
constexpr milliseconds kBetweenLooks{5'000};
constexpr milliseconds kBetweenAttempts{1'000};
constexpr Statement kPing{"listener_ping", "SELECT 1"};

struct FreeNotification {
    void operator()(PGnotify* notification) const { PQfreemem(notification); }
};
using Notification = std::unique_ptr<PGnotify, FreeNotification>;

std::optional<std::int64_t> read_id(std::string_view text) {
    std::int64_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return id;
}

}  // namespace

Listener::Listener(Database& database)
    : database_(database), stop_event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (stop_event_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Listener::~Listener() {
    stop();
    close(stop_event_);
}

void Listener::start() {
    thread_ = std::thread([this] { loop(); });
}

void Listener::stop() {
    stopping_ = true;
    eventfd_write(stop_event_, 1);
    if (thread_.joinable()) thread_.join();
}

void Listener::tell(std::optional<std::int64_t> transition_id) {
    for (const auto& handler : handlers_) {
        try {
            handler(transition_id);
        } catch (const std::exception& e) {
            kListenerLog.error("A notification was not taken", {{"error", e.what()}});
        }
    }
}

bool Listener::wait(int fd, milliseconds most) const {
    std::array<pollfd, 2> waiting{{{stop_event_, POLLIN, 0}, {fd, POLLIN, 0}}};
    return poll(waiting.data(), waiting.size(), static_cast<int>(most.count())) > 0 &&
           waiting[1].revents != 0;
}

void Listener::loop() {
    while (!stopping_) {
        try {
            const auto lease = database_.acquire();
            listen(*lease);
        } catch (const DatabaseError& e) {
            kListenerLog.debug("Not listening", {{"error", e.what()}});
        }
        wait(-1, kBetweenAttempts);
    }
}

void Listener::listen(Session& session) {
    session.execute_script("LISTEN chorus_alerts");
    tell(std::nullopt);
    while (!stopping_) {
        if (wait(PQsocket(session.native()), kBetweenLooks)) {
            if (PQconsumeInput(session.native()) == 0) {
                throw DatabaseUnavailable("the connection of the listener was lost");
            }
        } else if (!stopping_) {
            session.execute(kPing);  // finds out that the other side is gone without a word
            tell(std::nullopt);
        }
        while (const Notification one{PQnotifies(session.native())}) tell(read_id(one->extra));
    }
    session.execute_script("UNLISTEN chorus_alerts");  // the session goes back to the pool
}

}  // namespace chorus::store
