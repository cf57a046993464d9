#include "agent/process/process_name.h"

#include "common/batch/batch.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

// The last path part of argv[0]. A process may have written a title with arguments over it.
std::string_view program_of(std::string_view cmdline) {
    auto first = cmdline.substr(0, cmdline.find('\0'));
    if (first.starts_with('/')) first = first.substr(0, first.find(' '));
    const auto slash = first.rfind('/');
    return slash == std::string_view::npos ? first : first.substr(slash + 1);
}

std::string cleaned(std::string_view text) {
    std::string out = repair_utf8(text.substr(0, limits::kProcessNameBytes / 3));
    for (char& c : out) {
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
    }
    return out.empty() ? "?" : out;
}

}  // namespace

std::string process_name(std::string_view comm, std::string_view cmdline) {
    if (comm.size() < kCommBytes) return cleaned(comm);
    const auto program = program_of(cmdline);
    return cleaned(program.starts_with(comm) ? program : comm);
}

}  // namespace chorus::agent
