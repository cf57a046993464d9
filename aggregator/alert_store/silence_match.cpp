#include "aggregator/alert_store/silence_match.h"

#include <algorithm>

#include "common/text.h"

namespace chorus::store {
namespace {

bool fits(const std::optional<std::string>& glob, const std::optional<std::string>& text) {
    return !glob || (text && glob_match(*glob, *text));
}

}  // namespace

bool matches(const SilenceMatchers& matchers, const SilenceSubject& subject) {
    const auto& severities = matchers.severities;
    return fits(matchers.hostname, subject.hostname) &&
           fits(matchers.alert_type, subject.alert_type) && fits(matchers.source, subject.source) &&
           fits(matchers.rule_name, subject.rule_name) &&
           (!matchers.rule_id || matchers.rule_id == subject.rule_id) &&
           (severities.empty() ||
            std::find(severities.begin(), severities.end(), subject.severity) != severities.end());
}

const SilenceRow* find_silence(std::span<const SilenceRow> silences,
                               const SilenceSubject& subject) {
    const auto found =
        std::find_if(silences.begin(), silences.end(),
                     [&](const SilenceRow& silence) { return matches(silence.matchers, subject); });
    return found == silences.end() ? nullptr : &*found;
}

}  // namespace chorus::store
