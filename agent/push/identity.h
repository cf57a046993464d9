// Who this agent is.
#pragma once

#include <optional>
#include <string>

#include "common/uuid.h"

namespace chorus::agent {

// The id in `spool_dir`/agent-id. Where there is none it is made at random and written there
// (mode 0600, the directory is created if its parent exists); where that is not permitted it is
// derived from `machine_id_file`, so that it stays the same from start to start. Throws
// std::runtime_error if neither is possible or the file holds something else.
Uuid agent_identity(const std::string& spool_dir, const std::string& machine_id_file);

// The id in `spool_dir`/agent-id, if one was ever written. Throws as agent_identity() does.
std::optional<Uuid> stored_identity(const std::string& spool_dir);

// The one that agent_identity() would answer where it may not write; the nil UUID if there is none.
Uuid peek_identity(const std::string& spool_dir, const std::string& machine_id_file);

// A hash of the machine id, which must not be given away itself: machine-id(5).
Uuid derived_identity(const std::string& machine_id);

}  // namespace chorus::agent
