#include "aggregator/live/alert_feed.h"

#include <algorithm>

#include "aggregator/alert_store/alert_json.h"
#include "aggregator/alert_store/alert_reader.h"
#include "aggregator/alert_store/transition_ids.h"
#include "common/json_writer.h"

namespace chorus::live {
namespace {

constexpr std::int64_t kMostAtOnce = 1'000;
constexpr std::size_t kMostRemembered = 2'000;

struct Change {
    store::TransitionRow transition;
    store::AlertRow alert;
};

}  // namespace

void AlertFeed::on_transition(std::optional<std::int64_t> id) {
    if (!streams_.wanted()) {
        newest_.reset();
        return;
    }
    if (id) return tell(*id);
    look();
}

void AlertFeed::look() {
    if (!newest_) {
        newest_ = database_.read([](store::Session& s) { return store::newest_transition(s); });
        return;
    }
    const auto ids = database_.read([this](store::Session& session) {
        return store::transitions_after(session, *newest_, kMostAtOnce);
    });
    for (const std::int64_t id : ids) tell(id);
}

void AlertFeed::tell(std::int64_t id) {
    newest_ = std::max(newest_.value_or(0), id);
    if (!told_.insert(id).second) return;
    if (told_.size() > kMostRemembered) told_.erase(told_.begin());
    const auto change = database_.read([id](store::Session& session) -> std::optional<Change> {
        const auto transition = store::read_transition(session, id);
        if (!transition) return std::nullopt;
        const auto alert = store::read_alert(session, transition->alert_id);
        if (!alert) return std::nullopt;
        return Change{*transition, *alert};
    });
    if (!change) return;
    JsonWriter out;
    store::write_alert_event(out, change->alert, change->transition);
    streams_.publish("alert", change->alert.hostname.value_or(""), out.text());
}

}  // namespace chorus::live
