#include "common/batch/batch.h"

#include <array>
#include <utility>

namespace chorus {
namespace {

constexpr std::array<std::pair<ProcessState, std::string_view>, 10> kStates{{
    {ProcessState::running, "running"},
    {ProcessState::sleeping, "sleeping"},
    {ProcessState::disk_sleep, "disk-sleep"},
    {ProcessState::stopped, "stopped"},
    {ProcessState::tracing_stop, "tracing-stop"},
    {ProcessState::zombie, "zombie"},
    {ProcessState::dead, "dead"},
    {ProcessState::idle, "idle"},
    {ProcessState::parked, "parked"},
    {ProcessState::waking, "waking"},
}};

}  // namespace

std::string_view to_string(ProcessState state) {
    for (const auto& [known, name] : kStates) {
        if (known == state) return name;
    }
    return "unknown";
}

std::optional<ProcessState> process_state_from_name(std::string_view name) {
    for (const auto& [state, known] : kStates) {
        if (known == name) return state;
    }
    return std::nullopt;
}

std::optional<ProcessState> process_state_from_letter(char letter) {
    // proc_pid_stat(5): older kernels also write 'x' for dead and 'K' for a sleep only a kill ends.
    if (letter == 'x') return ProcessState::dead;
    if (letter == 'K') return ProcessState::disk_sleep;
    for (const auto& [state, name] : kStates) {
        if (static_cast<char>(state) == letter) return state;
    }
    return std::nullopt;
}

std::string_view to_string(ServiceStatus status) {
    switch (status) {
        case ServiceStatus::healthy:
            return "healthy";
        case ServiceStatus::unhealthy:
            return "unhealthy";
        case ServiceStatus::timeout:
            return "timeout";
    }
    return "unhealthy";
}

std::optional<ServiceStatus> service_status_from_name(std::string_view name) {
    for (const auto status :
         {ServiceStatus::healthy, ServiceStatus::unhealthy, ServiceStatus::timeout}) {
        if (to_string(status) == name) return status;
    }
    return std::nullopt;
}

}  // namespace chorus
