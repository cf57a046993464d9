// Who this agent is.
#pragma once

#include <optional>
#include <string>

#include "common/uuid.h"

namespace chorus::agent {

// The id in `spool_dir`/agent-id. If there is none, a random one is made and written there (mode
// 0600; the directory is created if its parent exists). If that is not permitted, the id is derived
// from `machine_id_file`, so that it stays the same from start to start. Throws std::runtime_error
// if neither is possible, or if the file holds something else.
Uuid agent_identity(const std::string& spool_dir, const std::string& machine_id_file);

// The id in `spool_dir`/agent-id, if one was ever written. Throws as agent_identity() does.
std::optional<Uuid> stored_identity(const std::string& spool_dir);

// The stored id, else the one that is derived from the machine id; the nil UUID if there is
// neither.
Uuid peek_identity(const std::string& spool_dir, const std::string& machine_id_file);

// A hash of the machine id, which must not be given away itself: machine-id(5).
Uuid derived_identity(const std::string& machine_id);

}  // namespace chorus::agent
