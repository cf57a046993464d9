// Exit codes of both programs; the names of sysexits.h, which systemd prints.
#pragma once

namespace chorus {

enum class ExitCode : int {
    ok = 0,
    usage = 64,
    unavailable = 69,  // a dependency is away (one-shot commands only; daemons wait)
    internal = 70,
    cannot_create = 73,
    io_error = 74,
    no_permission = 77,
    config = 78,
};

inline int to_int(ExitCode code) {
    return static_cast<int>(code);
}

}  // namespace chorus
