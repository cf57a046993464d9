// Words of alerts: severities and states.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace chorus::store {

// From the worst to the mildest, the order of every list of counts.
enum class Severity { critical, high, medium, low, info };
inline constexpr std::array kSeverities{Severity::critical, Severity::high, Severity::medium,
                                        Severity::low, Severity::info};

// Open is every state but resolved.
enum class AlertStatus { active, acknowledged, resolved, suppressed };
inline constexpr std::array kAlertStatuses{AlertStatus::active, AlertStatus::acknowledged,
                                           AlertStatus::resolved, AlertStatus::suppressed};

std::string_view to_string(Severity severity);
std::string_view to_string(AlertStatus status);
// By the exact lower-case word.
std::optional<Severity> severity_from_name(std::string_view name);
std::optional<AlertStatus> alert_status_from_name(std::string_view name);

// Cuts a text to what an alert's title, source or actor can hold: 255 characters. No character is
// cut in two.
std::string cut_to_fit(const std::string& text);

}  // namespace chorus::store
