#include "aggregator/alert_store/alert_types.h"

namespace chorus::store {
namespace {

constexpr std::size_t kMostCharacters = 255;

}  // namespace

std::string_view to_string(Severity severity) {
    switch (severity) {
        case Severity::critical:
            return "critical";
        case Severity::high:
            return "high";
        case Severity::medium:
            return "medium";
        case Severity::low:
            return "low";
        case Severity::info:
            return "info";
    }
    return "";
}

std::string_view to_string(AlertStatus status) {
    switch (status) {
        case AlertStatus::active:
            return "active";
        case AlertStatus::acknowledged:
            return "acknowledged";
        case AlertStatus::resolved:
            return "resolved";
        case AlertStatus::suppressed:
            return "suppressed";
    }
    return "";
}

std::optional<Severity> severity_from_name(std::string_view name) {
    for (const auto severity : kSeverities) {
        if (to_string(severity) == name) return severity;
    }
    return std::nullopt;
}

std::optional<AlertStatus> alert_status_from_name(std::string_view name) {
    for (const auto status : kAlertStatuses) {
        if (to_string(status) == name) return status;
    }
    return std::nullopt;
}

std::string cut_to_fit(const std::string& text) {
    std::size_t characters = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool begins = (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U;
        if (begins && ++characters > kMostCharacters) return text.substr(0, i);
    }
    return text;
}

}  // namespace chorus::store
