#include "agent/procfs/loadavg.h"

#include "agent/procfs/text_scan.h"

namespace chorus::agent {

LoadAverage parse_loadavg(std::string_view text) {
    LoadAverage load;
    auto line = next_line(text).value_or(std::string_view{});
    load.one_minute = next_number<double>(line);
    load.five_minutes = next_number<double>(line);
    load.fifteen_minutes = next_number<double>(line);
    return load;
}

}  // namespace chorus::agent
