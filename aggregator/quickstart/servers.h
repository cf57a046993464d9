// The commands of a quickstart's four programs, and what must be done before each can run.
#pragma once

#include <string>

#include "aggregator/quickstart/child.h"
#include "aggregator/quickstart/data_directory.h"

namespace chorus::quickstart {

// Makes the cluster at the first start. It allows only peer authentication on the socket, so that
// no password exists that could leak. Throws Problem.
void prepare_postgres(const DataDirectory& directory);
Command postgres_command(const DataDirectory& directory);
bool postgres_ready(const DataDirectory& directory);
// Once PostgreSQL answers. Throws Problem.
void create_database(const DataDirectory& directory);

Command redis_command(const DataDirectory& directory);
bool redis_ready(const DataDirectory& directory);

// Where to listen and where the servers are, for the programs and for their other commands.
void write_configs(const DataDirectory& directory, const QuickstartOptions& options);
Command aggregator_command(const DataDirectory& directory, const QuickstartOptions& options);
// Where programs on this machine reach it.
std::string url_of(const QuickstartOptions& options);
// Throws Problem if the aggregator could not listen there.
void check_port(const QuickstartOptions& options);
// Whether it serves and its schema is in place.
bool aggregator_ready(const QuickstartOptions& options);

// A new link that signs one browser in. Links of earlier starts end. The plain URL if the program
// was built without the dashboard. Throws Problem.
std::string sign_in_link(const DataDirectory& directory, const QuickstartOptions& options);

// Makes the local agent's token at the first start. Throws Problem.
void create_agent_token(const DataDirectory& directory);
Command agent_command(const DataDirectory& directory);

}  // namespace chorus::quickstart
