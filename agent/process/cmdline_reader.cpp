#include "agent/process/cmdline_reader.h"

#include <algorithm>
#include <cerrno>
#include <span>
#include <string>
#include <utility>

#include "agent/process/pid_files.h"
#include "agent/process/process_name.h"

namespace chorus::agent {
namespace {

constexpr int kTries = 3;
constexpr std::size_t kAtOnce = 256;  // bounds what their texts take

}  // namespace

void CmdlineReader::begin(KnownProcess& known) {
    known.name = process_name(known.comm, {});
    known.cmdline.clear();
    known.cmdline_tries = kTries;
}

void CmdlineReader::want(std::int32_t pid, KnownProcess& known) {
    if (known.cmdline_tries == 0) return;
    const bool for_name = known.comm.size() >= kCommBytes;
    if (mode_ == CmdlineMode::none && !for_name) {
        known.cmdline_tries = 0;
    } else {
        wanted_.push_back(pid);
    }
}

void CmdlineReader::read_wanted(
    std::unordered_map<std::int32_t, KnownProcess>& known,
    const std::function<void(std::int32_t pid, const KnownProcess&)>& take) {
    const auto wanted = std::exchange(wanted_, {});
    for (std::size_t begin = 0; begin < wanted.size(); begin += kAtOnce) {
        const auto part =
            std::span{wanted}.subspan(begin, std::min(kAtOnce, wanted.size() - begin));
        std::vector<std::string> paths;
        for (const auto pid : part) paths.emplace_back(PidPath(pid, "cmdline").c_str());
        const auto files = reader_.read_all(std::move(paths));
        for (std::size_t i = 0; i < part.size(); ++i) {
            const auto at = known.find(part[i]);
            if (at == known.end()) continue;
            if (files[i].error == EBUSY) {
                faults_.note("/proc/PID/cmdline", EBUSY);
                continue;
            }
            take_file(at->second, files[i]);
            take(part[i], at->second);
        }
    }
}

void CmdlineReader::take_file(KnownProcess& known, const DeadlineReader::Result& file) {
    if (file.error == ETIMEDOUT || file.error == EAGAIN) {
        --known.cmdline_tries;
        faults_.note("/proc/PID/cmdline", file.error);
        return;
    }
    known.cmdline_tries = 0;
    if (file.error != 0) {
        if (!has_ended(file.error)) faults_.note("/proc/PID/cmdline", file.error);
        return;
    }
    known.name = process_name(known.comm, file.text);
    known.cmdline = readable_cmdline(file.text, mode_);
}

}  // namespace chorus::agent
