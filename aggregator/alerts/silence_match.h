// Which silence an alert falls under.
#pragma once

#include <span>

#include "aggregator/store/silence_store.h"

namespace chorus::alerts {

// Whether every matcher that is given fits. A matcher for something that the alert does not have
// (no host, no rule) does not fit.
bool matches(const store::SilenceMatchers& matchers, const store::SilenceSubject& subject);

// The first of the silences that fits, null if none does.
const store::SilenceRow* find_silence(std::span<const store::SilenceRow> silences,
                                      const store::SilenceSubject& subject);

}  // namespace chorus::alerts
