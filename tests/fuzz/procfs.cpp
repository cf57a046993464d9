// Files of the kernel. The first byte chooses the parser, as the table below says; containers and
// FUSE file systems may show anything in their place.
#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "agent/collect/storage/mount_filter.h"
#include "agent/procfs/arcstats.h"
#include "agent/procfs/cpu_list.h"
#include "agent/procfs/cpuinfo.h"
#include "agent/procfs/diskstats.h"
#include "agent/procfs/loadavg.h"
#include "agent/procfs/meminfo.h"
#include "agent/procfs/mountinfo.h"
#include "agent/procfs/named_values.h"
#include "agent/procfs/net_dev.h"
#include "agent/procfs/os_release.h"
#include "agent/procfs/pid/cgroup_place.h"
#include "agent/procfs/pid/pid_cgroup.h"
#include "agent/procfs/pid/pid_io.h"
#include "agent/procfs/pid/pid_limits.h"
#include "agent/procfs/pid/pid_stat.h"
#include "agent/procfs/pid/smaps_rollup.h"
#include "agent/procfs/pid/task_scheduling.h"
#include "agent/procfs/pressure.h"
#include "agent/procfs/softnet_stat.h"
#include "agent/procfs/stat.h"
#include "agent/procfs/tcp_states.h"
#include "agent/procfs/uptime.h"
#include "tests/fuzz/support.h"

using namespace chorus;
using namespace chorus::fuzz;
using Text = std::string_view;

namespace {

bool lies_within(Text part, Text text) {
    return part.empty() ||
           (part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size());
}

void named_values(Text text) {
    constexpr std::array<agent::ValueName, 3> names{
        {{"", "pgfault"}, {"Tcp", "InErrs"}, {"TCP", "inuse"}}};
    std::array<std::optional<std::uint64_t>, 3> values;
    for (const auto& name : names) {
        // Names with a group and names without do not go into one call.
        const std::span<const agent::ValueName> one(&name, 1);
        agent::parse_name_value_lines(text, one, values);
        agent::parse_header_value_lines(text, one, values);
        agent::parse_group_lines(text, one, values);
    }
}

void mountinfo(Text text) {
    std::set<std::string> seen;
    std::string last;
    for (const auto& mount : agent::select_mounts(agent::parse_mountinfo(text))) {
        require(seen.insert(mount.device_id).second, "one mount for each file system");
        require(last <= mount.mount_point, "sorted by mount point");
        last = mount.mount_point;
    }
}

void pid_stat(Text text) {
    const auto stat = agent::parse_pid_stat(text);
    require(!stat || lies_within(stat->comm, text), "comm is part of the text");
}

void names(Text text) {
    for (const auto& disk : agent::parse_diskstats(text)) {
        require(lies_within(disk.name, text), "the disk's name is part of the text");
    }
    for (const auto& device : agent::parse_net_dev(text)) {
        require(lies_within(device.name, text), "the interface's name is part of the text");
    }
}

void cgroup(Text text) {
    agent::parse_pid_cgroup(text);
    const auto digits = agent::container_digits(text);
    require(digits.empty() || digits.size() == 64, "a container has 64 digits");
}

void cpu_list(Text text) {
    const auto count = agent::count_cpu_list(text);
    require(!count || *count > 0, "there is a CPU");
}

void arcstats(Text text) {
    const auto stats = agent::parse_arcstats(text);
    require(!stats || stats->reclaimable() <= stats->size, "no more is given back than there is");
}

void meminfo(Text text) {
    agent::parse_meminfo(text).usable();
}

void tcp(Text text) {
    agent::TcpStates states;
    agent::add_tcp_lines(text, states);
    const auto lines = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
    require(states.established + states.listen <= lines + 1, "a socket is a line");
}

struct Parser {
    char choice;
    void (*parse)(Text);
};
constexpr std::array kParsers = {
    Parser{'a', arcstats},
    Parser{'c', [](Text text) { agent::parse_cpuinfo(text); }},
    Parser{'C', cpu_list},
    Parser{'d', names},
    Parser{'g', cgroup},
    Parser{'i', [](Text text) { agent::parse_pid_io(text); }},
    Parser{'l', [](Text text) { agent::parse_loadavg(text); }},
    Parser{'L', [](Text text) { agent::parse_open_file_limit(text); }},
    Parser{'m', meminfo},
    Parser{'M', mountinfo},
    Parser{'n', named_values},
    Parser{'o', [](Text text) { agent::parse_os_release(text); }},
    Parser{'p', pid_stat},
    Parser{'P', [](Text text) { agent::parse_pressure(text); }},
    Parser{'r', [](Text text) { agent::parse_smaps_rollup(text); }},
    Parser{'s', [](Text text) { agent::parse_stat(text); }},
    Parser{'S', [](Text text) { agent::parse_softnet_stat(text); }},
    Parser{'t', tcp},
    Parser{'u', [](Text text) { agent::parse_uptime(text); }},
    Parser{'w', [](Text text) { agent::parse_cpu_wait(text); }},
    Parser{'W', [](Text text) { agent::parse_context_switches(text); }},
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto text = text_of(data, size);
    const char choice = take_choice(text);
    const auto found = std::find_if(kParsers.begin(), kParsers.end(),
                                    [&](const Parser& parser) { return parser.choice == choice; });
    if (found != kParsers.end()) found->parse(text);
    return 0;
}
