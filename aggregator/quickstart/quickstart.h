// Everything on one machine with one command: a private PostgreSQL and Redis on Unix sockets, the
// aggregator and an agent, supervised until Ctrl-C.
#pragma once

#include <string>
#include <vector>

namespace chorus {

struct QuickstartOptions {
    std::string data_dir;  // empty = /var/lib/chorus-quickstart for root, else the user's data home
    std::string listen = "127.0.0.1";
    int port = 8082;
    bool agent = true;
    bool help = false;
    std::string fault;  // a fault in the arguments, empty if there is none
    // Names without CHORUS_ under which the aggregator knows settings: "SERVICE_ENDPOINTS".
    std::vector<std::string> plain_names;
};

QuickstartOptions parse_quickstart(const std::vector<std::string>& arguments);

// Runs until SIGINT or SIGTERM; answers the exit code of the program.
int run_quickstart(const QuickstartOptions& options);

}  // namespace chorus
