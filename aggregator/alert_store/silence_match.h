// Finds the silence that fits an alert.
#pragma once

#include <span>

#include "aggregator/alert_store/silence_store.h"

namespace chorus::store {

// Whether every given matcher fits. A matcher for something that the alert does not have (no host,
// no rule) does not fit.
bool matches(const SilenceMatchers& matchers, const SilenceSubject& subject);

// The first silence that fits, null if none does.
const SilenceRow* find_silence(std::span<const SilenceRow> silences, const SilenceSubject& subject);

}  // namespace chorus::store
