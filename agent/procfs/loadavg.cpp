#include "agent/procfs/loadavg.h"

#include "agent/procfs/support/text_scan.h"

namespace chorus::agent {

LoadAverage parse_loadavg(std::string_view text) {
    LoadAverage load;
    auto line = next_line(text).value_or(std::string_view{});
    load.one_minute = next_number<double>(line);
    load.five_minutes = next_number<double>(line);
    load.fifteen_minutes = next_number<double>(line);
    // "3/512": those that run or want to, of all.
    const auto tasks = next_word(line);
    const auto slash = tasks.find('/');
    if (slash != std::string_view::npos) {
        load.threads = parse_number<std::int64_t>(tasks.substr(slash + 1));
    }
    return load;
}

}  // namespace chorus::agent
