#include "common/services/service_answer.h"

namespace chorus {

ServiceAnswer::Verdict ServiceAnswer::fault(std::string why) {
    error_ = std::move(why);
    return Verdict::unhealthy;
}

ServiceAnswer::Verdict ServiceAnswer::judge() {
    if (answered() && !contains(expected_, answer_.status())) {
        return fault("HTTP " + std::to_string(answer_.status()));
    }
    if (answer_.state() == HttpAnswer::State::broken) return fault(answer_.error());
    if (answer_.state() != HttpAnswer::State::complete) return Verdict::pending;
    return found() ? Verdict::healthy : fault("The answer does not contain the expected text");
}

ServiceAnswer::Verdict ServiceAnswer::feed(std::string_view bytes) {
    answer_.feed(bytes);
    return judge();
}

ServiceAnswer::Verdict ServiceAnswer::end() {
    answer_.end();
    return judge();
}

ServiceAnswer::Verdict ServiceAnswer::time_is_up() {
    return answered() && found() ? Verdict::healthy : Verdict::pending;
}

}  // namespace chorus
